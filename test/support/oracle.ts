import { readFileSync } from "node:fs";
import type { TransactionSql } from "postgres";
import { expect } from "vitest";
import type { Sql } from "../../src/database.ts";
import { recountClaims } from "./exact-counts.ts";

const read = (name: string) => readFileSync(new URL(name, import.meta.url), "utf8");
const oracleSql = read("./oracle.sql");

// Generated from stored columns: floats, so they are held to their formula within a millionth, not bit by bit.
const floats = ["conversation_duration", "average_response_time", "user_satisfaction"];
const texts = ["organization_id", "session_id", "conversation_id", "widget_id", "user_id"];
const numbers = [
  "user_messages",
  "ai_messages",
  "total_messages",
  "prompt_tokens",
  "completion_tokens",
  "total_tokens",
  "estimated_messages",
  "response_count",
  "response_us_sum",
  "rating_count",
  "rating_sum",
  "message_rows",
  "open_rows",
];
const others = ["conversation_start", "conversation_end", "has_lead", "lead_name", "lead_email", "lead_company"];
const exact = [...texts, ...numbers, ...others];

const keptSql = `select ${[
  ...texts.map((name) => `${name}::text as ${name}`),
  ...numbers.map((name) => `${name}::numeric as ${name}`),
  ...others,
  ...floats,
].join(", ")} from metrics.session_metrics`;

const differenceSql = `
with oracle as materialized (${oracleSql}),
kept as materialized (${keptSql}),
meant as (select ${exact.join(", ")} from oracle),
stored as (select ${exact.join(", ")} from kept),
missing as (table meant except all table stored),
surplus as (table stored except all table meant)
select 'meant' as side, to_jsonb(missing) as row from missing
union all
select 'stored', to_jsonb(surplus) from surplus
union all
select unnest(array['meant', 'stored']), unnest(array[to_jsonb(oracle), to_jsonb(kept)])
from oracle
join kept
  on (oracle.session_id, coalesce(oracle.organization_id, '')) = (kept.session_id, coalesce(kept.organization_id, ''))
  and (oracle.organization_id is null) = (kept.organization_id is null)
where ${floats
  .map(
    (name) => `(oracle.${name} is null) <> (kept.${name} is null)
  or abs(oracle.${name} - kept.${name}) > 1e-6 * greatest(1, abs(oracle.${name}))`,
  )
  .join(" or ")}`;

// What the ledger says of a session must add up to what its metrics row says.
const ledgerSql = `
select m.organization_id::text, m.session_id::text, to_jsonb(l) - 'session_key' as ledger
from metrics.session_metrics m
full join (
  select
    session_key,
    count(*) as message_rows,
    sum(user_messages) as user_messages,
    sum(ai_messages) as ai_messages,
    sum(prompt_tokens) as prompt_tokens,
    sum(completion_tokens) as completion_tokens,
    count(response_us) as response_count,
    coalesce(sum(response_us), 0) as response_us_sum
  from metrics.messages
  where session_key is not null
  group by session_key
) l on l.session_key = m.session_key
where (m.message_rows, m.user_messages, m.ai_messages, m.prompt_tokens, m.completion_tokens, m.response_count,
    m.response_us_sum)
  is distinct from (l.message_rows, l.user_messages, l.ai_messages, l.prompt_tokens, l.completion_tokens,
    l.response_count, l.response_us_sum)`;

type Row = Record<string, unknown>;
type Side = { side: "meant" | "stored"; row: Row };

const keyOf = (row: Row) => `organization ${row.organization_id ?? "NULL"}, session ${JSON.stringify(row.session_id)}`;

/** One entry per session that differs: what is stored in each differing column, and what should be. */
const explain = (sides: Side[]) => {
  const sessions = new Map<string, Partial<Record<Side["side"], Row>>>();
  for (const { side, row } of sides) sessions.set(keyOf(row), { ...sessions.get(keyOf(row)), [side]: row });
  return [...sessions].map(([key, { meant, stored }]): [string, string] => {
    if (!stored) return [key, `has no metrics row, should be ${JSON.stringify(meant)}`];
    if (!meant) return [key, `has a metrics row and should have none: ${JSON.stringify(stored)}`];
    const columns = Object.keys(meant).filter((name) => meant[name] !== stored[name]);
    return [key, columns.map((name) => `${name} is ${stored[name]}, should be ${meant[name]}`).join("; ")];
  });
};

const readDrift = async (sql: TransactionSql) => ({
  miscounted: await recountClaims(sql),
  differences: explain(await sql.unsafe<Side[]>(differenceSql)),
  ledger: await sql.unsafe<Row[]>(ledgerSql),
  view: await sql<Row[]>`select * from public.conversation_metrics_drift`,
});

// One snapshot: right also while others write. The locks come before it, since a snapshot that is older than a TRUNCATE
// sees that table empty and all others as they were.
const inOneSnapshot = (sql: Sql) =>
  sql.begin("isolation level repeatable read read only", async (tx) => {
    await tx`lock table public.conversations, public.leads, public.feedback in access share mode`;
    await tx`lock table public.conversation_metrics, public.conversation_metrics_archive, metrics.messages in access share mode`;
    return readDrift(tx);
  });

/** Every difference between the metrics, their ledger and the sources, and whatever the drift view lists. */
export const driftOf = async (sql: Sql): Promise<string[]> => {
  const { miscounted, differences, ledger, view } = await inOneSnapshot(sql);
  // What is written after this is checked against rollups of what was written before.
  await sql`select metrics.roll_up()`;
  return [
    ...miscounted,
    ...differences.map(([key, text]) => `${key}: ${text}`),
    ...ledger.map((row) => `${keyOf(row)}: the ledger adds up to ${JSON.stringify(row.ledger)}`),
    ...view.map((row) => `conversation_metrics_drift lists ${JSON.stringify(row)}`),
  ];
};

/** Fails with a line per session that differs from its recomputation from the source tables. */
export const expectNoDrift = async (sql: Sql, after?: string): Promise<void> => {
  expect((await driftOf(sql)).slice(0, 20), after).toEqual([]);
};

/** Fails unless the drift view lists the sessions that the oracle finds wrong, all of them and no other. */
export const expectDriftToBeFound = async (sql: Sql): Promise<void> => {
  const { differences, view } = await inOneSnapshot(sql);
  const listed = new Set(view.filter((row) => !["ledger", "rollup"].includes(String(row.column_name))).map(keyOf));
  expect([...listed].toSorted()).toEqual(differences.map(([key]) => key).toSorted());
};

/** The rows of a query over sessions, in UTC: times are ISO text, ids are text, numbers are numbers. */
const toRows = async (tx: TransactionSql, query: string): Promise<Row[]> => {
  await tx`set local timezone = 'UTC'`;
  const found = await tx.unsafe<{ row: Row }[]>(
    `select to_jsonb(t) as row from (${query}) as t order by organization_id nulls last, session_id collate "C"`,
  );
  return found.map(({ row }) => row);
};

/** The metrics rows as stored, ordered by organization and session. */
export const metricsOf = (sql: Sql): Promise<Row[]> => sql.begin((tx) => toRows(tx, keptSql));

/** The metrics rows as the oracle recomputes them, in the same form, as the transaction sees its sources. */
export const oracleOf = (tx: TransactionSql): Promise<Row[]> => toRows(tx, oracleSql);
