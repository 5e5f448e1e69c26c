import { beforeEach, describe, expect, test } from "vitest";
import { createTokenCounter, encodings } from "../src/tokens/counter.ts";
import { missingDialogues, readDialogues } from "./support/dialogues.ts";
import { random } from "./support/generators/prng.ts";
import { secondTokenizer } from "./support/tokens/second-tokenizer.ts";
import { tiktokenCount } from "./support/tokens/tiktoken.ts";

const counter = createTokenCounter();

const messages = () => readDialogues(random(1)).flatMap(({ turns }) => turns.map(({ text }) => text));

describe("the 38,768 messages of the dialogues", { timeout: 120_000 }, () => {
  if (missingDialogues) console.log(`The token counts of real dialogues are not tested: ${missingDialogues}.`);
  beforeEach(({ skip }) => skip(missingDialogues !== undefined, missingDialogues));

  for (const encoding of encodings) {
    test(`count in ${encoding} as tiktoken counts them`, () => {
      const texts = messages();

      expect(texts).toHaveLength(38_768);
      expect(texts.filter((text) => counter.count(encoding, text) !== tiktokenCount(encoding, text))).toEqual([]);
    });
  }

  for (const encoding of ["cl100k_base", "o200k_base"] as const) {
    test(`count in ${encoding} as a second tokenizer counts them`, () => {
      const second = secondTokenizer[encoding];

      expect(messages().filter((text) => counter.count(encoding, text) !== second(text))).toEqual([]);
    });
  }
});
