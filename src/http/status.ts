import { z } from "zod";
import { packageVersion } from "../version.ts";
import type { Database } from "./database.ts";
import { filterFields, sourceFor } from "./report-filter.ts";
import { readReport } from "./report-sql.ts";
import { defineRoute, noInput } from "./route.ts";
import { identifier, sql } from "./sql.ts";

const count = z.int().min(0);
const time = z.string().nullable().meta({ format: "date-time" });
const check = z
  .object({
    checked_at: time,
    sessions: count.meta({ description: "How many were compared with their source rows." }),
    drifted: count.meta({ description: "How many of them differed." }),
    healed: count.meta({ description: "How many of those were right afterwards." }),
  })
  .nullable();

const status = z
  .object({
    version: z.string(),
    now: time.meta({ description: "On the database's clock." }),
    worker: z.object({
      alive: count.meta({ description: "Processes heard of in the last 10 seconds." }),
      seen_at: time,
    }),
    waiting_since: time.meta({ description: "Since when the oldest message waits for its exact count; null: none." }),
    last_check: check.meta({ description: "The worker's last comparison of sessions with their source rows." }),
    last_finding: check.meta({ description: "The last one that found a difference." }),
  })
  .meta({ id: "Status" });

const source = filterFields.source.meta({
  description: "Whose tables, by the name of their source; else `default`, or the first by name.",
});

/** GET /api/status. */
export const statusRoute = defineRoute({
  method: "get",
  path: "/api/status",
  tag: "Read",
  summary: "How fresh and how exact the numbers are",
  description: "The numbers themselves are right at commit; tokens are estimates until a worker has counted them.",
  access: "reader",
  ...noInput,
  query: z.strictObject({ source }),
  responses: {
    200: [{ description: "The state of the worker and of its checks.", type: "application/json", schema: status }],
  },
  // Of the installation, not of an organization: by the connections that see all.
  handle: async ({ db }, { query, reader, res }) => {
    const name = sourceFor(reader, query.source);
    const schema = query.source === undefined ? await firstSchema(db, name) : await schemaOf(db, query.source);
    const [row] = await readReport(db, statusOf(schema));
    res.json({ version: packageVersion(), ...z.looseObject({}).parse(row) });
  },
});

async function schemaOf(db: Database, source: string): Promise<string> {
  const rows = await readReport(db, sql`select to_json(metrics.source_schema(${source})) as row`);
  return z.tuple([z.string()]).parse(rows)[0];
}

// Also where nothing is attached yet: whether a worker runs can be told all the same.
async function firstSchema(db: Database, name: string | undefined): Promise<string | undefined> {
  const [source] = await db.query<{ schema: string }>(sql`
    select schema_name::text as schema from metrics.attachments
    where name = coalesce(${name ?? null}, name) order by name <> 'default', name limit 1`);
  return source?.schema;
}

// By the index of what waits, and by the last check: the same however much is counted.
const statusOf = (schema: string | undefined) => sql`
  select to_json(s) as row
  from (
    select
      clock_timestamp() as now,
      (
        select json_build_object(
          'alive', count(*) filter (where seen_at > clock_timestamp() - interval '10 seconds' and stopped_at is null),
          'seen_at', max(seen_at))
        from metrics.workers
      ) as worker,
      ${schema === undefined ? NOTHING : stateOf(schema)}
  ) as s`;

const NOTHING = sql`null::timestamptz as waiting_since, null::json as last_check, null::json as last_finding`;

const stateOf = (schema: string) => sql`
      (
        select min(waiting.counted_at)
        from ${identifier(schema)}.messages as waiting
        where (waiting.prompt_source = 'estimate' or waiting.completion_source = 'estimate')
          and not exists (
            select from ${identifier(schema)}.token_retries as r
            where r.conversation_id = waiting.conversation_id and r.retry_at = 'infinity'
          )
      ) as waiting_since,
      (
        select to_json(c)
        from (select checked_at, sessions, drifted, healed from ${identifier(schema)}.checks order by check_id desc limit 1) as c
      ) as last_check,
      (
        select to_json(c)
        from (
          select checked_at, sessions, drifted, healed from ${identifier(schema)}.checks
          where drifted > 0 order by check_id desc limit 1
        ) as c
      ) as last_finding`;
