import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createTokenCounter, encodings } from "../src/tokens/counter.ts";
import { runSeed } from "./support/generators/prng.ts";
import { everyText, hostileText } from "./support/tokens/hostile.ts";
import { tiktokenCount } from "./support/tokens/tiktoken.ts";

// A failure prints the seed and the shortest text; RANDOM_SEED runs the same texts again.
const seed = runSeed();
const counter = createTokenCounter();

describe("texts made to find a difference", { timeout: 120_000 }, () => {
  for (const encoding of encodings) {
    test(`count in ${encoding} as tiktoken counts them`, async () => {
      await fc.assert(
        fc.asyncProperty(hostileText, async (text) => {
          expect(await counter.count(encoding, text)).toBe(tiktokenCount(encoding, text));
        }),
        { seed, numRuns: 2500 },
      );
    });

    // gpt2, p50k_base and p50k_edit cut texts as r50k_base does
    const length = encoding === "gpt2" || encoding.startsWith("p50k") ? 2 : 3;
    test(`of up to ${length} special characters count in ${encoding} as tiktoken counts them`, () => {
      const wrong = [...everyText(length)].filter(
        (text) => counter.count(encoding, text) !== tiktokenCount(encoding, text),
      );

      expect(wrong).toEqual([]);
    });
  }

  test("special tokens count as the text they are written in", () => {
    expect(counter.count("cl100k_base", "<|endoftext|>")).toBe(7);
    expect(counter.count("o200k_base", "<|endoftext|>")).toBe(7);
  });

  test("a lone surrogate counts as U+FFFD", () => {
    for (const encoding of encodings) {
      const replacement = counter.count(encoding, "a\ufffdb \ufffd");
      expect(counter.count(encoding, "a\ud83db \ude00")).toBe(replacement);
    }
  });

  test("an empty text has no tokens", () => {
    expect(encodings.map((encoding) => counter.count(encoding, ""))).toEqual([0, 0, 0, 0, 0, 0]);
  });
});
