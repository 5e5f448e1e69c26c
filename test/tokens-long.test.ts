import { afterAll, describe, expect, test } from "vitest";
import { createTokenCounter, type Encoding, encodings } from "../src/tokens/counter.ts";
import { random, runSeed } from "./support/generators/prng.ts";
import { longTexts } from "./support/tokens/long.ts";
import { secondTokenizer } from "./support/tokens/second-tokenizer.ts";
import { tiktokenCount } from "./support/tokens/tiktoken.ts";

const seed = runSeed();
const texts = longTexts(random(seed));
const counter = createTokenCounter();
afterAll(() => counter.close());

const MEGABYTE = 2 ** 20;

/** Counts a text in a thread that has the encoding loaded. Time of the processor, since others may keep the machine busy. */
const timed = async (encoding: Encoding, text: string) => {
  await counter.count(encoding, "a".repeat(20_000));
  const before = process.cpuUsage();
  const tokens = await counter.count(encoding, text);
  const { user, system } = process.cpuUsage(before);
  return { tokens, ms: (user + system) / 1000 };
};

describe(`long texts (RANDOM_SEED=${seed})`, { timeout: 120_000 }, () => {
  for (const [what, make] of texts) {
    test(`of ${what} count as tiktoken counts them`, async () => {
      for (const encoding of encodings) {
        const text = make(3000);
        expect(await counter.count(encoding, text), encoding).toBe(tiktokenCount(encoding, text));
      }
    });
  }

  for (const encoding of ["cl100k_base", "o200k_base"] as const) {
    for (const [what, make] of texts) {
      test(`of ${what} count in ${encoding} in a thread as tiktoken and a second tokenizer count them`, async () => {
        const text = make(12_500);

        const tokens = await counter.count(encoding, text);

        expect(tokens).toBe(tiktokenCount(encoding, text));
        expect(tokens).toBe(secondTokenizer[encoding](text));
      });
    }

    for (const char of ["a", "A", " ", "\n", "!", "=", "中"]) {
      test(`a megabyte of ${JSON.stringify(char)} is counted in ${encoding} in less than 2 s`, async () => {
        // tiktoken would need minutes; on what it can finish, so many characters are whole tokens
        const part = tiktokenCount(encoding, char.repeat(2048));
        expect(tiktokenCount(encoding, char.repeat(4096))).toBe(2 * part);

        const { tokens, ms } = await timed(encoding, char.repeat(MEGABYTE));

        expect(tokens).toBe((part * MEGABYTE) / 2048);
        expect(ms).toBeLessThan(2000);
      });
    }
  }

  for (const [what, make] of texts) {
    test(`a million characters of ${what} take less than 2 s a megabyte`, async () => {
      const text = make(1_000_000);
      const limit = (2000 * Buffer.byteLength(text)) / 1e6;

      const { ms } = await timed("o200k_base", text);

      // a quadratic count takes minutes
      expect(ms).toBeLessThan(limit);
    });
  }
});
