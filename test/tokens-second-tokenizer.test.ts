import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createTokenCounter } from "../src/tokens/counter.ts";
import { runSeed } from "./support/generators/prng.ts";
import { hostileText } from "./support/tokens/hostile.ts";
import { longSContraction, otherInJavaScript, secondTokenizer } from "./support/tokens/second-tokenizer.ts";
import { tiktokenCount } from "./support/tokens/tiktoken.ts";

const seed = runSeed();
const counter = createTokenCounter();
const others = otherInJavaScript();
const isKnown = (text: string) => longSContraction.test(text) || [...text].some((char) => others.has(char));

// Where gpt-tokenizer differs from tiktoken. tiktoken is right: it is the tokenizer of the encodings' makers, and its
// expressions take White_Space and case as Unicode defines them, in its version 16.
const knownDifferences = [
  ["U+FEFF is no white space by Unicode, but is in JavaScript, and its token is lost", "\ufeff", "o200k_base"],
  ["U+FEFF after a word, likewise", "aa\ufeff", "cl100k_base"],
  ["U+0085 is white space by Unicode, but not in JavaScript", " \u0085a", "cl100k_base"],
  ["U+A7CF is a letter since Unicode 17", "\ua7cf's", "o200k_base"],
  ["'ſ is a contraction in any case", "a'ſ'stt", "o200k_base"],
  ["U+11DE0 is a number since Unicode 17", "1\u{11de0}11", "o200k_base"],
] as const;

describe("a second tokenizer, gpt-tokenizer", { timeout: 120_000 }, () => {
  for (const encoding of ["cl100k_base", "o200k_base"] as const) {
    test(`counts generated texts in ${encoding} alike, but for known differences`, async () => {
      await fc.assert(
        fc.asyncProperty(
          hostileText.filter((text) => !isKnown(text)),
          async (text) => {
            expect(await counter.count(encoding, text)).toBe(secondTokenizer[encoding](text));
          },
        ),
        { seed, numRuns: 2500 },
      );
    });
  }

  for (const [reason, text, encoding] of knownDifferences) {
    test(`differs from tiktoken: ${reason}`, () => {
      expect(counter.count(encoding, text)).toBe(tiktokenCount(encoding, text));
      expect(secondTokenizer[encoding](text)).not.toBe(tiktokenCount(encoding, text));
    });
  }

  test("is compared with on all but a few thousand code points, which are rare", () => {
    expect(others.has("\ufeff") && others.has("\u0085")).toBe(true);
    expect(others.size).toBeLessThan(6000);
  });
});
