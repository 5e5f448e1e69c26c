import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { z } from "zod";
import { type NextPiece, nextCl100kPiece, nextGpt2Piece, nextO200kPiece } from "./pretokenize.ts";

/** The encodings that tiktoken knows. */
export const encodings = ["gpt2", "r50k_base", "p50k_base", "p50k_edit", "cl100k_base", "o200k_base"] as const;

/** The name of an encoding, as tiktoken names it. */
export type Encoding = (typeof encodings)[number];

const dataSchema = z.object({ pat_str: z.string(), bpe_ranks: z.string() });

// The expressions that pretokenize.ts writes out, letter by letter as tiktoken gives them.
const gpt2Pattern = String.raw`'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+`;
const cl100kPattern = String.raw`(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`;
const o200kPattern = String.raw`[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+`;

const nextPieces = new Map<string, NextPiece>([
  [gpt2Pattern, nextGpt2Piece],
  [cl100kPattern, nextCl100kPiece],
  [o200kPattern, nextO200kPiece],
]);

/** What an encoding is made of: how it cuts a text into pieces, and its tokens in the order in which they are merged. */
export type EncodingData = {
  nextPiece: NextPiece;
  /** The bytes of each token, one character (U+0000 to U+00FF) a byte, by rank. Some ranks have none. */
  tokens: readonly (string | undefined)[];
  /** The rank of each token. */
  ranks: ReadonlyMap<string, number>;
};

/** Reads an encoding from the tiktoken package: 40 to 200 ms. Throws where it splits texts in a way unknown here. */
export function loadEncoding(encoding: Encoding): EncodingData {
  // read, not imported: a module would keep the megabytes of JSON for the life of the process
  const file = createRequire(import.meta.url).resolve(`tiktoken/encoders/${encoding}.json`);
  const data = dataSchema.parse(JSON.parse(readFileSync(file, "utf8")));
  const nextPiece = nextPieces.get(data.pat_str);
  if (!nextPiece)
    throw new Error(
      `${encoding}: the installed version of tiktoken splits texts in an unknown way; install the version in package.json`,
    );
  return { nextPiece, ...parseRanks(data.bpe_ranks) };
}

/** Lines of "! <first rank> <token> <token> …", the tokens in base64 and their ranks in sequence. */
function parseRanks(lines: string): Pick<EncodingData, "tokens" | "ranks"> {
  const tokens: (string | undefined)[] = [];
  const ranks = new Map<string, number>();
  for (const line of lines.split("\n")) {
    const [, first, ...encoded] = line.split(" ");
    let rank = Number(first);
    for (const base64 of encoded) {
      const token = atob(base64);
      tokens[rank] = token;
      ranks.set(token, rank);
      rank++;
    }
  }
  return { tokens, ranks };
}
