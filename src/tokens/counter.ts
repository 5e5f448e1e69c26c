import { createEncoders } from "./encoders.ts";
import type { Encoding } from "./encodings.ts";
import { createLongTexts } from "./long-texts.ts";

export { type Encoding, encodings } from "./encodings.ts";

/** Counts tokens exactly as tiktoken does. */
export type TokenCounter = {
  /**
   * Exact token count of ordinary text (special tokens count as text). A long text goes to a thread, so that others do not
   * wait: a promise then, which is rejected where the counter is closed meanwhile.
   */
  count: (encoding: Encoding, text: string) => number | Promise<number>;
  /** Ends the threads, and with them the counts under way. */
  close: () => Promise<void>;
};

// UTF-16 units. The slowest text of this length, in which everything must be merged, takes about 12 ms; a thread costs half a millisecond.
const LONG_TEXT = 12_000;

/**
 * A counter with `threads` threads for long texts (1 by default). Threads start at the first long text and end after some
 * time without one; an encoding is loaded at its first use.
 */
export function createTokenCounter({ threads = 1 }: { threads?: number } = {}): TokenCounter {
  const encoderOf = createEncoders();
  const longTexts = createLongTexts(threads);
  return {
    count: (encoding, text) => {
      if (text === "") return 0;
      return text.length > LONG_TEXT ? longTexts.count(encoding, text) : encoderOf(encoding)(text);
    },
    close: longTexts.close,
  };
}
