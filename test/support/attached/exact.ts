import { expect } from "vitest";
import type { Sql } from "../../../src/database.ts";

type Row = Record<string, unknown>;

const texts = ["organization_id", "session_id", "conversation_id", "widget_id", "user_id"];
const others = [
  "user_messages",
  "ai_messages",
  "prompt_tokens",
  "completion_tokens",
  "conversation_start",
  "conversation_end",
  "response_count",
  "response_us_sum",
  "has_lead",
  "lead_name",
  "lead_email",
  "lead_company",
  "rating_count",
  "rating_sum",
  "message_rows",
];

// What an application has no notion of, its oracle does not speak of.
const ABSENT = {
  organization_id: null,
  widget_id: null,
  user_id: null,
  conversation_start: null,
  conversation_end: null,
  response_count: 0,
  response_us_sum: 0,
  has_lead: false,
  lead_name: null,
  lead_email: null,
  lead_company: null,
  rating_count: 0,
  rating_sum: 0,
};

const differenceSql = (schema: string, oracle: string) => `
  with meant as materialized (select '${JSON.stringify(ABSENT)}'::jsonb || to_jsonb(o) as row from (${oracle}) as o),
  kept as materialized (
    select to_jsonb(k) as row from (
      select ${[...texts.map((name) => `${name}::text as ${name}`), ...others].join(", ")} from ${schema}.conversation_metrics
    ) as k
  )
  select 'meant' as side, row from (table meant except all table kept) as missing
  union all
  select 'stored', row from (table kept except all table meant) as surplus`;

/** What the oracle of an application says about its tables: one row a session. */
export const meantBy = async (db: Sql, oracle: string): Promise<Row[]> =>
  db.unsafe<Row[]>(`select to_jsonb(o) as row from (${oracle}) as o order by o.session_id::text`);

/** Fails unless the metrics of a source are what an oracle recomputes from the application's tables, and all are counted. */
export const expectExact = async (db: Sql, source: string, oracle: string): Promise<void> => {
  const schema = `metrics_${source}`;
  const found = await db.begin("isolation level repeatable read read only", async (tx) => ({
    differences: await tx.unsafe<Row[]>(differenceSql(schema, oracle)),
    drift: await tx.unsafe<Row[]>(`select * from ${schema}.conversation_metrics_drift`),
    failed: await tx.unsafe<Row[]>(`select kind, row_id, error from ${schema}.failed_rows`),
  }));
  expect({
    differences: found.differences.slice(0, 6),
    drift: found.drift.slice(0, 6),
    failed: found.failed.slice(0, 6),
  }).toEqual({ differences: [], drift: [], failed: [] });
};
