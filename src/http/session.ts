import type { Queryable } from "./database.ts";
import { Problem } from "./problem.ts";
import type { SessionMetrics } from "./schemas.ts";
import type { Columns } from "./source-tables.ts";
import { sql, trusted } from "./sql.ts";

/** A session that rows are written for: its key, and its organization as the table's type has it. */
export type SessionRef = { key: string; organization: string | null };

// Times of microseconds, as JavaScript's own texts have them.
type MetricsRow = Omit<SessionMetrics, "conversation_start" | "conversation_end"> & {
  conversation_start: Date | null;
  conversation_end: Date | null;
};

/** Finds the key of a session. Throws the problem to answer with where the table has no organizations. */
export async function sessionRef(
  db: Queryable,
  columns: Columns,
  { session_id, organization_id }: { session_id: string; organization_id?: string | undefined },
): Promise<SessionRef> {
  const type = columns.get("organization_id");
  if (type === undefined && organization_id !== undefined) {
    throw new Problem(400, "no_organizations", "The table has no column organization_id: leave it out.");
  }
  // Through its type: 007 is the organization 7 where they are numbers. The type's name is the server's own.
  const cast = trusted(type ?? "text");
  const [row] = await db.query<SessionRef>(sql`
    select organization, metrics.session_key(organization, ${session_id}) as key
    from (select (${organization_id ?? null}::text)::${cast}::text as organization) as of`);
  return row ?? { key: "", organization: null };
}

/** The metrics of a session as the transaction sees them; null where it has no message. */
export async function readMetrics(db: Queryable, key: string): Promise<SessionMetrics | null> {
  const [row] = await db.query<MetricsRow>(sql`
    select total_messages, user_messages, ai_messages, total_tokens::float8, prompt_tokens::float8,
      completion_tokens::float8, estimated_messages, conversation_start, conversation_end, conversation_duration,
      average_response_time, has_lead, user_satisfaction
    from public.conversation_metrics
    where session_key = ${key}`);
  if (row === undefined) return null;
  return {
    ...row,
    conversation_start: row.conversation_start?.toISOString() ?? null,
    conversation_end: row.conversation_end?.toISOString() ?? null,
  };
}
