import type { Ratio } from "./rounds.ts";

const whole = new Intl.NumberFormat("en-US", { maximumFractionDigits: 0 });

/** 12,345 */
export function count(value: number): string {
  return Number.isFinite(value) ? whole.format(value) : "";
}

/** Seconds, from milliseconds. */
export function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(ms < 10_000 ? 2 : 1)} s`;
}

/** 0.87 (0.84–0.90): the median of the rounds, and their range. */
export function ratio(value: Ratio): string {
  const range = value.min === value.max ? "" : ` (${value.min.toFixed(2)}–${value.max.toFixed(2)})`;
  return `${value.median.toFixed(2)}${range}`;
}

/** Microseconds from milliseconds. */
export function micros(ms: number): string {
  return Number.isFinite(ms) ? `${count(ms * 1000)} µs` : "";
}
