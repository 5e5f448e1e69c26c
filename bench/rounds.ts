import { median } from "./statistics.ts";

/**
 * Measures every variant once a round, in an order that moves by one from round to round, so that
 * whatever else the machine does meets all of them alike.
 */
export async function interleave<Variant extends string>(
  rounds: number,
  variants: readonly Variant[],
  measure: (variant: Variant, round: number) => Promise<number>,
): Promise<(variant: Variant) => number[]> {
  const samples = new Map<Variant, number[]>(variants.map((variant) => [variant, []]));
  for (let round = 0; round < rounds; round += 1) {
    for (let place = 0; place < variants.length; place += 1) {
      const variant = variants[(place + round) % variants.length];
      if (variant !== undefined) samples.get(variant)?.push(await measure(variant, round));
    }
  }
  return (variant) => samples.get(variant) ?? [];
}

/** The median of the rounds' ratios: both sides of each were measured within seconds of each other. */
export function ratioOf(left: readonly number[], right: readonly number[]): Ratio {
  const ratios = left.map((value, round) => value / (right[round] ?? Number.NaN));
  return { median: median(ratios), min: Math.min(...ratios), max: Math.max(...ratios) };
}

/** A ratio and how far the rounds lie apart. */
export type Ratio = { median: number; min: number; max: number };
