import { dayName, longDayName, monthName } from "../format.ts";
import { addDays, addMonths } from "../ranges.ts";

/** A bar of a chart by time: a day, or the days of a week or a month where there are too many of them. */
export type Bucket = { from: string; to: string; label: string; title: string; days: string[] };

const MOST_DAYS = 100;
const MOST_WEEKS = 400;

/** The bars for the days of a report. Sums of days are exact: each conversation is in one of them. */
export function bucketsOf(days: string[]): Bucket[] {
  const first = days.length > MOST_WEEKS ? monthOf : days.length > MOST_DAYS ? weekOf : (day: string) => day;
  const groups = groupBy(days, first);
  return [...groups].map(([key, own]) => {
    const from = own[0] ?? key;
    const to = addDays(own.at(-1) ?? key, 1);
    if (first === monthOf) return { from, to, days: own, label: monthName(key), title: monthName(key) };
    const isWeek = first === weekOf;
    const title = isWeek ? `Week of ${longDayName(key)}` : longDayName(key);
    return { from, to, days: own, label: dayName(key), title };
  });
}

const weekOf = (day: string) => addDays(day, -((new Date(`${day}T12:00Z`).getUTCDay() + 6) % 7));
const monthOf = (day: string) => addMonths(day, 0);

/** The sum over a bar's days. */
export const sumOver = (bucket: Bucket, of: (day: string) => number): number =>
  bucket.days.reduce((sum, day) => sum + of(day), 0);

// Map.groupBy is younger than the browsers that people have.
function groupBy(days: string[], keyOf: (day: string) => string): Map<string, string[]> {
  const groups = new Map<string, string[]>();
  for (const day of days) {
    const key = keyOf(day);
    groups.set(key, [...(groups.get(key) ?? []), day]);
  }
  return groups;
}
