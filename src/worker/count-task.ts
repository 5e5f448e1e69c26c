import type { Task } from "graphile-worker";
import type { Pool } from "pg";
import { z } from "zod";
import { errorCode } from "../errors.ts";
import type { Logger } from "../log.ts";
import type { TokenCounter } from "../tokens/counter.ts";
import {
  type BatchOf,
  type BatchRow,
  failRows,
  type RowCounts,
  readBatch,
  type Written,
  writeBatch,
} from "./batches.ts";
import { countBatch } from "./count-batch.ts";
import { safeMessage } from "./safe-message.ts";
import { findSource } from "./sources.ts";

/** What the task needs. */
export type CountTask = {
  pool: Pool;
  log: Logger;
  /** Who takes the batches: a name in metrics.workers. */
  worker: string;
  counter: TokenCounter;
  /** Hears of each batch that is done. */
  onBatch: (done: BatchDone) => void;
};

/** What a batch was: the message rows in it, their tokens, and how many rows were written. */
export type BatchDone = { rows: number; tokens: number; written: number };

const payloadSchema = z.object({
  source: z.string(),
  batch_id: z.union([z.string().regex(/^\d+$/), z.int().transform(String)]),
});

// Postgres ended the write in favour of another transaction: the same once more.
const REPEATED = ["40001", "40P01"];
const MOST_REPEATS = 5;

/** The job count_tokens: reads the texts of a batch, counts them, writes the counts back. Safe to run twice. */
export function createCountTask(options: CountTask): Task {
  const { pool, log, worker, counter, onBatch } = options;
  return async (payload, { job }) => {
    const { source: name, batch_id } = payloadSchema.parse(payload);
    const source = await findSource(pool, name);
    if (source === undefined) return; // Detached, and its batches with it.
    const batch = { source, batch: batch_id };
    const about = { source: name, batch: batch_id };
    let rows: BatchRow[] = [];
    try {
      rows = await readBatch(pool, batch, worker);
      const { counts, failures } = await countBatch(rows, counter);
      if (failures.length > 0) await failRows(pool, batch, failures);
      // Also without any count: it ends the batch.
      const done = await writeRepeatedly(pool, batch, counts);
      log.debug({ ...about, rows: rows.length, failures: failures.length, ...done }, "counted");
      onBatch({ rows: rows.length, tokens: totalTokens(counts), written: done.written });
    } catch (error) {
      const reason = safeMessage(error);
      log.debug({ ...about, attempt: job.attempts, code: errorCode(error) }, `batch failed: ${reason}`);
      if (job.attempts < job.max_attempts) throw new Error(reason);
      await giveUp(options, batch, rows, reason);
    }
  };
}

function totalTokens(counts: RowCounts[]): number {
  return counts.reduce((sum, row) => sum + (row.prompt_tokens ?? 0) + (row.completion_tokens ?? 0), 0);
}

async function writeRepeatedly(pool: Pool, batch: BatchOf, counts: RowCounts[]): Promise<Written> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await writeBatch(pool, batch, counts);
    } catch (error) {
      if (attempt > MOST_REPEATS || !REPEATED.includes(errorCode(error) ?? "")) throw error;
    }
  }
}

// Its rows are tried again later, in other batches, and in the end shown by `doctor`; the job is done.
async function giveUp({ pool, log }: CountTask, batch: BatchOf, rows: BatchRow[], reason: string): Promise<void> {
  log.error(
    { source: batch.source.name, batch: batch.batch, rows: rows.length },
    `A batch of messages could not be counted: ${reason}`,
  );
  await failRows(
    pool,
    batch,
    rows.map(({ conversation_id }) => ({ conversation_id, error: reason })),
  );
  await writeBatch(pool, batch, []);
}
