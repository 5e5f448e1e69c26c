import type { Sql } from "../../src/database.ts";
import { migrated } from "./migrated.ts";
import { fill, sourceTables } from "./sources.ts";

/** The kinds of rows that are counted, in the order of a backfill. */
export const kinds = ["messages", "leads", "feedback"] as const;

type Step = { last_id: string | null; rows_seen: number; rows_changed: number };

/** One step of the backfill that blocks no writer. */
export const step = async (sql: Sql, kind: string, after: string | null, size: number) => {
  const [row] = await sql<[Step]>`
    select last_id, rows_seen::int, rows_changed::int from metrics.backfill_batch(${kind}, ${after}, ${size})`;
  return row;
};

/** All steps of one kind from a place on; returns how many rows were seen and changed. */
export const steps = async (sql: Sql, kind: string, size: number, after: string | null = null) => {
  const sum = { seen: 0, changed: 0 };
  let last = after;
  do {
    const done = await step(sql, kind, last, size);
    sum.seen += done.rows_seen;
    sum.changed += done.rows_changed;
    last = done.last_id;
  } while (last !== null);
  return sum;
};

/** An application's full tables, and our migrations without their backfill. */
export const uncounted = async (bare: { bareDb: Sql; bareUrl: string }, rows: number) => {
  await bare.bareDb.unsafe(sourceTables);
  await fill(bare.bareDb, rows);
  return migrated(bare, "select", { backfill: false });
};
