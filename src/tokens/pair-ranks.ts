import type { EncodingData } from "./encodings.ts";

/** The rank of a token that no pair makes: after all others. */
export const NO_RANK = 0x3ffff;

const SLOT_BITS = 16;

/** The rank of the token that two tokens (by their ranks) make when merged, or NO_RANK. */
export type PairRank = (left: number, right: number) => number;

/**
 * Looks pairs up in the vocabulary by their joined bytes, and remembers the answers in a table of fixed size where a newer
 * pair takes the place of an older one: long runs ask for the same few pairs again and again.
 */
export function createPairRank({ tokens, ranks }: Pick<EncodingData, "tokens" | "ranks">): PairRank {
  const lefts = new Int32Array(1 << SLOT_BITS).fill(-1);
  const rights = new Int32Array(1 << SLOT_BITS);
  const answers = new Int32Array(1 << SLOT_BITS);
  return (left, right) => {
    const slot = (Math.imul(left, 0x9e3779b1) ^ Math.imul(right, 0x85ebca6b)) >>> (32 - SLOT_BITS);
    if (lefts[slot] === left && rights[slot] === right) return answers[slot] ?? NO_RANK;
    const rank = ranks.get(`${tokens[left]}${tokens[right]}`) ?? NO_RANK;
    lefts[slot] = left;
    rights[slot] = right;
    answers[slot] = rank;
    return rank;
  };
}
