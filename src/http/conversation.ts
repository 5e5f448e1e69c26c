import { z } from "zod";
import { organizationFor } from "./access.ts";
import { again } from "./again.ts";
import { readExtras, readLedger, readNumbers } from "./conversation-rows.ts";
import { conversationAnswer } from "./conversation-schemas.ts";
import type { Database, Queryable } from "./database.ts";
import { Problem } from "./problem.ts";
import { chosenSource, filterFields } from "./report-filter.ts";
import { readReport } from "./report-sql.ts";
import { defineRoute, noInput } from "./route.ts";
import { idSchema } from "./schemas.ts";
import { identifier, sql } from "./sql.ts";

const query = z.strictObject({
  organization: z.string().max(200).optional().meta({
    description: "The session's organization; `none` for rows without one. Needed where several have the session.",
  }),
  source: filterFields.source,
  limit: z.coerce.number().int().min(1).max(500).default(100).meta({ description: "Messages at most." }),
  after: idSchema.optional().meta({ description: "The messages after this one: `next` of the page before." }),
});

/** GET /api/conversations/{session}. */
export const conversationRoute = defineRoute({
  method: "get",
  path: "/api/conversations/{session}",
  tag: "Read",
  summary: "A session: its messages, and where each of its numbers comes from",
  access: "reader",
  ...noInput,
  params: z.strictObject({ session: z.string().min(1).max(200) }),
  query,
  responses: { 200: [{ description: "The session.", type: "application/json", schema: conversationAnswer }] },
  problems: [404, 409],
  handle: async ({ reads, db }, { params, query: { organization, source, limit, after }, reader, res }) => {
    const of = organizationFor(reader, organization);
    const schema = await schemaOf(db, await chosenSource(db, reader, source));
    // One snapshot, so that the parts add up to the whole.
    const found = await again(() =>
      reads.begin("isolation level repeatable read read only", async (tx) => {
        const key = await findSession(tx, schema, params.session, of);
        const session = { schema, key };
        const { rows: messages, more } = await readLedger(tx, session, { limit, after });
        return {
          ...(await readNumbers(tx, session)),
          messages,
          next: more ? (messages.at(-1)?.id ?? null) : null,
          ...(await readExtras(tx, session)),
        };
      }),
    );
    res.json(found);
  },
});

async function schemaOf(db: Database, source: string): Promise<string> {
  return z.string().parse((await readReport(db, sql`select to_json(metrics.source_schema(${source})) as row`))[0]);
}

async function findSession(
  db: Queryable,
  schema: string,
  session: string,
  of: string | null | undefined,
): Promise<string> {
  const sessions = identifier(`${schema}.session_metrics`);
  const [first, second] =
    of === undefined
      ? await db.query<{ key: string }>(sql`
          select session_key as key from ${sessions} where session_id::text = ${session} limit 2`)
      : await db.query<{ key: string }>(sql`
          select session_key as key from ${sessions}
          where session_key = metrics.session_key(${of}, ${session})`);
  if (first === undefined) throw new Problem(404, "no_session", "There is no such session.");
  if (second === undefined) return first.key;
  throw new Problem(409, "organization_needed", "Several organizations have this session: name one (?organization=).");
}
