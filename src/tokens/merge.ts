import type { EncodingData } from "./encodings.ts";
import { Heap } from "./heap.ts";
import { createPairRank, NO_RANK, type PairRank } from "./pair-ranks.ts";

/** Counts the tokens of a piece, given in UTF-8, that is no token itself. */
export type CountMerged = (bytes: Uint8Array) => number;

// A key of the heap is rank * POSITIONS + position: below 2 ** 53, and of two pairs of one rank the left one comes first.
const POSITIONS = 2 ** 31;

/**
 * Byte-pair merging as tiktoken does it: of all neighbours that make a token, merge those of the lowest rank, the leftmost
 * of several, until none make one. tiktoken looks for them in the whole piece each time, which is quadratic; a heap of the
 * pairs over a linked list of the tokens finds the same ones in n log n.
 */
export function createMerge({ tokens, ranks }: Pick<EncodingData, "tokens" | "ranks">): CountMerged {
  const pairRank = createPairRank({ tokens, ranks });
  const byteRanks = Array.from({ length: 256 }, (_, byte) => ranks.get(String.fromCharCode(byte)) ?? NO_RANK);
  return (bytes) => {
    const single = new Int32Array(bytes.length);
    for (let at = 0; at < bytes.length; at++) single[at] = byteRanks[bytes[at] ?? 0] ?? NO_RANK;
    return mergeAll(single, pairRank);
  };
}

/** `tokens`: the ranks of the single bytes; overwritten. A merged pair is a token at the position of its left half. */
function mergeAll(tokens: Int32Array, pairRank: PairRank): number {
  const length = tokens.length;
  const next = new Int32Array(length);
  const previous = new Int32Array(length);
  // the rank of what stands at a position with what follows; NO_RANK too where its token has been merged away
  const pairs = new Int32Array(length).fill(NO_RANK);
  const heap = new Heap();
  const pair = (at: number) => {
    const right = next[at] ?? length;
    const rank = right < length ? pairRank(tokens[at] ?? NO_RANK, tokens[right] ?? NO_RANK) : NO_RANK;
    pairs[at] = rank;
    if (rank !== NO_RANK) heap.push(rank * POSITIONS + at);
  };
  for (let at = 0; at < length; at++) {
    next[at] = at + 1;
    previous[at] = at - 1;
    pair(at);
  }

  let count = length;
  for (let key = heap.pop(); key !== undefined; key = heap.pop()) {
    const rank = Math.floor(key / POSITIONS);
    const at = key - rank * POSITIONS;
    if (pairs[at] !== rank) continue; // one of the two has become part of another token since
    const merged = next[at] ?? length;
    const after = next[merged] ?? length;
    tokens[at] = rank;
    next[at] = after;
    if (after < length) previous[after] = at;
    pairs[merged] = NO_RANK;
    count--;
    pair(at);
    const before = previous[at] ?? -1;
    if (before >= 0) pair(before);
  }
  return count;
}
