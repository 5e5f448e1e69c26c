import { setImmediate as breathe } from "node:timers/promises";
import { z } from "zod";
import { type Encoding, encodings, type TokenCounter } from "../tokens/counter.ts";
import type { BatchRow, RowCounts, RowFailure } from "./batches.ts";
import { safeMessage } from "./safe-message.ts";

// Counting is work of the processor: others (heartbeat, other jobs' reads and writes) have their turn in between.
const LONGEST_STRETCH_MS = 8;

/** What came of counting a batch. */
export type Counted = { counts: RowCounts[]; failures: RowFailure[] };

/** Counts the texts of a batch. A row that cannot be counted keeps none of the others from it. */
export async function countBatch(rows: BatchRow[], counter: TokenCounter): Promise<Counted> {
  const counted: Counted = { counts: [], failures: [] };
  const pending: Promise<void>[] = [];
  let since = performance.now();
  for (const row of rows) {
    // Long texts are counted by threads: the others of the batch need not wait for them.
    pending.push(
      countRow(row, counter).then(
        (counts) => void counted.counts.push(counts),
        (error) => void counted.failures.push({ conversation_id: row.conversation_id, error: describe(error, row) }),
      ),
    );
    if (performance.now() - since < LONGEST_STRETCH_MS) continue;
    await breathe();
    since = performance.now();
  }
  await Promise.all(pending);
  return counted;
}

const encodingSchema = z.enum(encodings);

async function countRow(row: BatchRow, counter: TokenCounter): Promise<RowCounts> {
  const { prompt, completions, ...kept } = row;
  const encoding = encodingSchema.parse(row.encoding);
  return {
    ...kept,
    prompt_tokens: prompt === null ? null : await counter.count(encoding, prompt),
    completion_tokens: completions === null ? null : await countAll(completions, encoding, counter),
  };
}

async function countAll(texts: string[], encoding: Encoding, counter: TokenCounter): Promise<number> {
  let tokens = 0;
  for (const text of texts) tokens += await counter.count(encoding, text);
  return tokens;
}

function describe(error: unknown, { prompt, completions }: BatchRow): string {
  return safeMessage(error, [...(prompt === null ? [] : [prompt]), ...(completions ?? [])]);
}
