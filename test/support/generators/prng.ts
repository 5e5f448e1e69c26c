/** A seeded source of randomness: the same seed gives the same choices everywhere. */
export type Random = {
  /** A whole number from 0 to below the limit. */
  below: (limit: number) => number;
  chance: (probability: number) => boolean;
  pick: <T>(choices: readonly [T, ...T[]]) => T;
  /** As many values as asked for. */
  list: <T>(length: number, make: () => T) => T[];
};

/** Mulberry32: small, and good enough to pick test data. */
export const random = (seed: number): Random => {
  let state = seed >>> 0;
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
  const below = (limit: number) => Math.floor(next() * limit);
  return {
    below,
    chance: (probability) => next() < probability,
    pick: (choices) => choices[below(choices.length)] ?? choices[0],
    list: (length, make) => Array.from({ length }, make),
  };
};

/** The seed of this run: RANDOM_SEED where it is set, to replay a failure, else a new one. */
export const runSeed = (): number => Number(process.env.RANDOM_SEED || Date.now() % 2 ** 31);
