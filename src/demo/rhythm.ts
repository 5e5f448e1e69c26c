import type { Random } from "./random.ts";

const DAY_MS = 86_400_000;

/** How far back the demo reaches. */
export const DAYS = 90;

// A session that begins now would not be over.
const LAST_MINUTES_MS = 20 * 60_000;

// Sunday first.
const WEEKDAYS = [0.45, 1, 0.95, 0.92, 0.9, 0.85, 0.55];
const HOURS = [
  0.06, 0.04, 0.03, 0.03, 0.04, 0.08, 0.18, 0.35, 0.62, 0.85, 1, 0.98, 0.8, 0.84, 0.95, 0.92, 0.86, 0.78, 0.72, 0.7,
  0.64, 0.48, 0.28, 0.14,
];

/** A moment of the last days before `until` at which a session may begin: days are busier than nights. */
export function randomStart(random: Random, until: Date): Date {
  for (;;) {
    const before = LAST_MINUTES_MS + random.next() * (DAYS * DAY_MS - LAST_MINUTES_MS);
    const at = new Date(until.getTime() - Math.floor(before));
    // Use grew over the time that is shown.
    const growth = 1 - (0.5 * before) / (DAYS * DAY_MS);
    const weight = (WEEKDAYS[at.getUTCDay()] ?? 1) * (HOURS[at.getUTCHours()] ?? 1) * growth;
    if (random.chance(weight)) return at;
  }
}
