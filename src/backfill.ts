import { setTimeout as sleep } from "node:timers/promises";
import type { Sql } from "./database.ts";
import { errorCode } from "./errors.ts";
import type { Source } from "./sources.ts";

/** The kinds of source rows, in the order in which a backfill takes them. */
export const KINDS = ["messages", "leads", "feedback"] as const;

/** One of {@link KINDS}. */
export type Kind = (typeof KINDS)[number];

// Where transactions see one snapshot by default, it may be too old. For a lock the batch waits itself.
const TOO_OLD = "40001";
const MAX_RETRIES = 10;

type Batch = { last_id: string | null; rows_seen: number; rows_changed: number };

/** What one kind's backfill needs. */
export type BackfillOptions = {
  source: Source;
  kind: Kind;
  batchSize: number;
  /** Hears after each batch how many rows have been seen so far. */
  onBatch?: (seen: number) => void;
};

/** Counts all source rows of a kind in batches of one transaction each; blocks no writer, may be repeated. */
export async function backfillKind(sql: Sql, options: BackfillOptions): Promise<{ seen: number; counted: number }> {
  let after: string | null = null;
  let seen = 0;
  let counted = 0;
  do {
    const batch: Batch = await runBatch(sql, options, after);
    after = batch.last_id;
    seen += batch.rows_seen;
    counted += batch.rows_changed;
    options.onBatch?.(seen);
  } while (after !== null);
  return { seen, counted };
}

async function runBatch(sql: Sql, options: BackfillOptions, after: string | null): Promise<Batch> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      const [batch] = await sql<[Batch]>`
        select last_id, rows_seen, rows_changed
        from ${sql(`${options.source.schema}.backfill_batch`)}(${options.kind}, ${after}, ${options.batchSize})`;
      return batch;
    } catch (error) {
      if (attempt > MAX_RETRIES || errorCode(error) !== TOO_OLD) throw error;
      await sleep(Math.random() * 100 * attempt);
    }
  }
}
