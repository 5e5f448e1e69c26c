import { createRequire } from "node:module";
import { Tiktoken } from "tiktoken/lite";
import { z } from "zod";
import type { Encoding } from "../../../src/tokens/counter.ts";

const dataSchema = z.object({
  bpe_ranks: z.string(),
  special_tokens: z.record(z.string(), z.number()),
  pat_str: z.string(),
});

const loaded = new Map<Encoding, Tiktoken>();

/** tiktoken's own count of a text: what every count must equal. Quadratic in the longest run of the text. */
export function tiktokenCount(encoding: Encoding, text: string): number {
  const known = loaded.get(encoding);
  if (known) return known.encode_ordinary(text).length;
  const data = dataSchema.parse(createRequire(import.meta.url)(`tiktoken/encoders/${encoding}.json`));
  loaded.set(encoding, new Tiktoken(data.bpe_ranks, data.special_tokens, data.pat_str));
  return tiktokenCount(encoding, text);
}
