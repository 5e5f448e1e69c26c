import type { EncodingData } from "./encodings.ts";
import { Heap } from "./heap.ts";
import { createPairRank, NO_RANK, type PairRank } from "./pair-ranks.ts";

/** Counts the tokens of a piece, given in UTF-8, that is no token itself. */
export type CountMerged = (bytes: Uint8Array) => number;

// A key of the heap is rank * POSITIONS + position: below 2 ** 53, and of two pairs of one rank the left one comes first.
const POSITIONS = 2 ** 31;

// Pieces of up to so many bytes share their working memory; that of a longer one is given back.
const SHORT_PIECE = 4096;

/** Tokens as a linked list: a token stands at the position of its first byte. */
type Workspace = {
  tokens: Int32Array;
  next: Int32Array;
  previous: Int32Array;
  /** The rank of what a token makes with the one that follows; NO_RANK too where a token has been merged away. */
  pairs: Int32Array;
  heap: Heap;
};

const workspace = (length: number): Workspace => ({
  tokens: new Int32Array(length),
  next: new Int32Array(length),
  previous: new Int32Array(length),
  pairs: new Int32Array(length),
  heap: new Heap(),
});

/**
 * Byte-pair merging as tiktoken does it: of all neighbours that make a token, merge those of the lowest rank, the leftmost
 * of several, until none make one. tiktoken looks for them in the whole piece each time, which is quadratic; a heap of the
 * pairs over a linked list of the tokens finds the same ones in n log n. A long piece takes some 40 bytes a byte meanwhile.
 */
export function createMerge({ tokens, ranks }: Pick<EncodingData, "tokens" | "ranks">): CountMerged {
  const pairRank = createPairRank({ tokens, ranks });
  const byteRanks = Array.from({ length: 256 }, (_, byte) => ranks.get(String.fromCharCode(byte)) ?? NO_RANK);
  const shared = workspace(SHORT_PIECE);
  return (bytes) => {
    const length = bytes.length;
    const work = length <= SHORT_PIECE ? shared : workspace(length);
    for (let at = 0; at < length; at++) work.tokens[at] = byteRanks[bytes[at] ?? 0] ?? NO_RANK;
    return mergeAll(length, work, pairRank);
  };
}

/** Merges the first `length` tokens, single bytes, and returns how many are left; the heap is empty again then. */
function mergeAll(length: number, { tokens, next, previous, pairs, heap }: Workspace, pairRank: PairRank): number {
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
