import type { Pool } from "pg";
import type { WorkerSource } from "./sources.ts";

/** How much work is prepared at a time. */
export type Limits = { batches: number; rows: number; tokens: number };

/** A message row whose texts are to be counted: those of the sides that have a digest. */
export type BatchRow = {
  conversation_id: string;
  /** Of the ledger's entry (xmin): the text that was read belongs to it. */
  version: string;
  encoding: string;
  encoding_assumed: boolean;
  prompt: string | null;
  /** The AI's texts: one, two where the message is its own and has a response. */
  completion: string | null;
  second_completion: string | null;
  prompt_digest: string | null;
  completion_digest: string | null;
};

/** The counts of a row, as metrics.write_token_counts takes them. */
export type RowCounts = Omit<BatchRow, "prompt" | "completion" | "second_completion"> & {
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
  // Text by text, since the client's parser for arrays goes character by character.
  const { rows } = await pool.query<BatchRow>(
    `select conversation_id, version, encoding, encoding_assumed, prompt, completions[1] as completion,
      completions[2] as second_completion, prompt_digest, completion_digest
    from ${source.schema}.read_token_batch($1, $2)`,
    [batch, worker],
  );
  return rows;
}

/** What became of the counts of a batch. */
export type Written = { written: number; dropped: number };

/** Writes counts back, which ends the batch; what changed since it was read is dropped. */
export async function writeBatch(pool: Pool, { source, batch }: BatchOf, counts: RowCounts[]): Promise<Written> {
  // Written out here where no value needs quotes: the client goes through its own arrays character by character.
  const column = (name: Exclude<keyof RowCounts, "conversation_id">) =>
    `{${counts.map((row) => row[name] ?? "null").join()}}`;
  const { rows } = await pool.query<Written>(
    `select written, dropped from ${source.schema}.write_token_counts($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
    [
      batch,
      counts.map((row) => row.conversation_id),
      column("prompt_tokens"),
      column("completion_tokens"),
      column("version"),
      column("prompt_digest"),
      column("completion_digest"),
      column("encoding"),
      column("encoding_assumed"),
    ],
  );
  return rows[0] ?? { written: 0, dropped: 0 };
}

/** Records what could not be counted; before the batch is written back. */
export async function failRows(pool: Pool, { source, batch }: BatchOf, failures: RowFailure[]): Promise<void> {
  await pool.query(`select ${source.schema}.fail_token_counts($1, $2::jsonb)`, [batch, JSON.stringify(failures)]);
}
