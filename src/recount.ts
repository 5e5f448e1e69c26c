import { setTimeout as sleep } from "node:timers/promises";
import type { Sql } from "./database.ts";
import { errorCode } from "./errors.ts";
import type { Source } from "./sources.ts";

// Postgres ends one of two transactions that wait for each other; the batch is simply done again.
const RETRIED = ["40P01", "40001"];
const MAX_RETRIES = 10;

type Batch = { last_id: string | null; rows_seen: number; rows_changed: number };

/** What {@link recount} needs. */
export type RecountOptions = {
  source: Source;
  /** Rows in one transaction. */
  batchSize: number;
  /** Hears after each batch how many rows have been seen so far. */
  onBatch?: (seen: number) => void;
};

/**
 * Makes estimates of all counts whose encoding is no longer the one of their model, so that a worker counts
 * them again; in batches of one transaction each. Returns how many rows it saw and changed.
 */
export async function recount(sql: Sql, options: RecountOptions): Promise<{ seen: number; changed: number }> {
  let after: string | null = null;
  let seen = 0;
  let changed = 0;
  do {
    const batch: Batch = await runBatch(sql, options, after);
    after = batch.last_id;
    seen += batch.rows_seen;
    changed += batch.rows_changed;
    options.onBatch?.(seen);
  } while (after !== null);
  return { seen, changed };
}

async function runBatch(sql: Sql, { source, batchSize }: RecountOptions, after: string | null): Promise<Batch> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      const [batch] = await sql<[Batch]>`
        select last_id, rows_seen, rows_changed from ${sql(`${source.schema}.recount_batch`)}(${after}, ${batchSize})`;
      return batch;
    } catch (error) {
      if (attempt > MAX_RETRIES || !RETRIED.includes(errorCode(error) ?? "")) throw error;
      await sleep(Math.random() * 100 * attempt);
    }
  }
}

/** Has what was given up counted again; returns how many rows. */
export async function retryGivenUp(sql: Sql, { schema }: Source): Promise<number> {
  const given = await sql`delete from ${sql(`${schema}.token_retries`)} where retry_at = 'infinity'`;
  return given.count;
}
