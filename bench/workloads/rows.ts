import type { Sql } from "../../src/database.ts";

/** A session, and the ids of its rows in their order. */
export type Rows = { organization: string; session: string; ids: string[] };

/** The session named 'large', and the others. */
export async function readRows(sql: Sql): Promise<{ large: Rows; small: Rows[] }> {
  const sessions = await sql<Rows[]>`
    select organization_id as organization, session_id as session,
      array_agg(id::text order by created_at, id) as ids
    from conversations
    group by organization_id, session_id
    order by organization_id, session_id`;
  const large = sessions.find((session) => session.session === "large");
  if (large === undefined) throw new Error("There is no session named large.");
  return { large, small: sessions.filter((session) => session !== large) };
}
