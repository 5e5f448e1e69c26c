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
  const keep = (counts: RowCounts) => void counted.counts.push(counts);
  const fail = (row: BatchRow, error: unknown) =>
    void counted.failures.push({ conversation_id: row.conversation_id, error: describe(error, row) });
  let since = performance.now();
  for (const row of rows) {
    const counts = countRow(row, counter);
    // Long texts are counted by threads: the others of the batch need not wait for them.
    if (counts instanceof Promise) pending.push(counts.then(keep, (error) => fail(row, error)));
    else keep(counts);
    if (performance.now() - since < LONGEST_STRETCH_MS) continue;
    await breathe();
    since = performance.now();
  }
  await Promise.all(pending);
  return counted;
}

const encodingSchema = z.enum(encodings);

function countRow(row: BatchRow, counter: TokenCounter): RowCounts | Promise<RowCounts> {
  const { prompt, completion, second_completion, ...kept } = row;
  const withCounts = (prompts: number, completions: number, more: number): RowCounts => ({
    ...kept,
    prompt_tokens: kept.prompt_digest === null ? null : prompts,
    completion_tokens: kept.completion_digest === null ? null : completions + more,
  });
  const encoding = encodingSchema.safeParse(row.encoding);
  if (!encoding.success) return Promise.reject(encoding.error);
  const count = (text: string | null) => (text === null ? 0 : countText(counter, encoding.data, text));
  const counts = [count(prompt), count(completion), count(second_completion)] as const;
  const [prompts, completions, more] = counts;
  // A promise for each of thousands of short texts would take as long as their counting.
  if (typeof prompts === "number" && typeof completions === "number" && typeof more === "number") {
    return withCounts(prompts, completions, more);
  }
  return Promise.all(counts).then((all) => withCounts(...all));
}

// As a rejection, also where it throws: there may be a thread at the row's other text.
function countText(counter: TokenCounter, encoding: Encoding, text: string): number | Promise<number> {
  try {
    return counter.count(encoding, text);
  } catch (error) {
    return Promise.reject(error);
  }
}

function describe(error: unknown, { prompt, completion, second_completion }: BatchRow): string {
  return safeMessage(
    error,
    [prompt, completion, second_completion].filter((text) => text !== null),
  );
}
