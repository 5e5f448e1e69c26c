import { extname } from "node:path";
import { Piscina } from "piscina";
import type { Encoding } from "./encodings.ts";
import type { LongText } from "./thread.ts";

// The same module is thread.ts in the checkout and thread.js in the package.
const threadFile = new URL(`./thread${extname(import.meta.filename)}`, import.meta.url).href;

// A thread holds its encodings (some 50 MB each); after a wave of long texts they are given back.
const IDLE_MS = 30_000;

/** Counts long texts in threads, up to `threads` at once. */
export type LongTexts = {
  count: (encoding: Encoding, text: string) => Promise<number>;
  /** Ends the threads; counts under way and later ones are rejected. */
  close: () => Promise<void>;
};

/** Threads start at the first text, and idle ones hold no process open. */
export function createLongTexts(threads: number): LongTexts {
  let pool: Piscina<LongText, number> | undefined;
  let closed = false;
  return {
    count: async (encoding, text) => {
      if (closed) throw new Error("The token counter is closed.");
      pool ??= new Piscina({ filename: threadFile, minThreads: 0, maxThreads: threads, idleTimeout: IDLE_MS });
      return await pool.run({ encoding, text });
    },
    close: async () => {
      closed = true;
      await pool?.destroy();
    },
  };
}
