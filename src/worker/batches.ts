import type { Pool } from "pg";
import type { WorkerSource } from "./sources.ts";

/** How much work is prepared at a time. */
export type Limits = { batches: number; rows: number; tokens: number };

/** A message row whose texts are to be counted; NULL stands for a side that is not. */
export type BatchRow = {
  conversation_id: string;
  encoding: string;
  encoding_assumed: boolean;
  prompt: string | null;
  completions: string[] | null;
  prompt_digest: string | null;
  completion_digest: string | null;
};

/** The counts of a row, as metrics.write_token_counts takes them. */
export type RowCounts = Omit<BatchRow, "prompt" | "completions"> & {
  prompt_tokens: number | null;
  completion_tokens: number | null;
};

/** A row that could not be counted, and why. */
export type RowFailure = { conversation_id: string; error: string };

/** A batch: its source, and its number there. */
export type BatchOf = { source: WorkerSource; batch: string };

/** Makes jobs for what waits in a source; returns how many. */
export async function enqueueBatches(pool: Pool, { schema }: WorkerSource, limits: Limits): Promise<number> {
  const { batches, rows, tokens } = limits;
  const { rows: found } = await pool.query<{ made: number }>(
    `select ${schema}.enqueue_token_batches($1, $2, $3) as made`,
    [batches, rows, tokens],
  );
  return found[0]?.made ?? 0;
}

/** The texts of a batch; none where it is gone. */
export async function readBatch(pool: Pool, { source, batch }: BatchOf, worker: string): Promise<BatchRow[]> {
  // As JSON, since the client's parser for arrays goes character by character.
  const { rows } = await pool.query<BatchRow>(
    `select conversation_id, encoding, encoding_assumed, prompt, to_json(completions) as completions,
      prompt_digest, completion_digest
    from ${source.schema}.read_token_batch($1, $2)`,
    [batch, worker],
  );
  return rows;
}

/** What became of the counts of a batch. */
export type Written = { written: number; dropped: number };

/** Writes counts back, which ends the batch; what changed since it was read is dropped. */
export async function writeBatch(pool: Pool, { source, batch }: BatchOf, counts: RowCounts[]): Promise<Written> {
  const { rows } = await pool.query<Written>(
    `select written, dropped from ${source.schema}.write_token_counts($1, $2::jsonb)`,
    [batch, JSON.stringify(counts)],
  );
  return rows[0] ?? { written: 0, dropped: 0 };
}

/** Records what could not be counted; before the batch is written back. */
export async function failRows(pool: Pool, { source, batch }: BatchOf, failures: RowFailure[]): Promise<void> {
  await pool.query(`select ${source.schema}.fail_token_counts($1, $2::jsonb)`, [batch, JSON.stringify(failures)]);
}
