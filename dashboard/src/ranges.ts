import type { Place } from "./location.ts";

/** The ranges to choose from, in the order of the list. */
export const RANGES = [
  ["today", "Today"],
  ["yesterday", "Yesterday"],
  ["7d", "Last 7 days"],
  ["30d", "Last 30 days"],
  ["90d", "Last 90 days"],
  ["month", "This month"],
  ["last-month", "Last month"],
  ["12m", "Last 12 months"],
  ["all", "All time"],
  ["custom", "Custom…"],
] as const;

/** Days as the API takes them; `to` no longer counts. */
export type Range = { from?: string; to?: string };

/** The day that the clocks of a zone show. */
export function todayIn(zone: string): string {
  const options = { timeZone: zone, year: "numeric", month: "2-digit", day: "2-digit" } as const;
  try {
    return new Intl.DateTimeFormat("en-CA", options).format(new Date());
  } catch {
    return todayIn("UTC"); // The API says that there is no such zone.
  }
}

/** The day so many days later. */
export const addDays = (day: string, days: number): string =>
  new Date(Date.parse(`${day}T00:00Z`) + days * 86_400_000).toISOString().slice(0, 10);

/** The first day of the month so many months later. */
export function addMonths(day: string, months: number): string {
  const [year = 0, month = 1] = day.split("-").map(Number);
  return new Date(Date.UTC(year, month - 1 + months, 1)).toISOString().slice(0, 10);
}

/** The days of a view's range. */
export function rangeOf({ range = "30d", from, to, tz = "UTC" }: Place): Range {
  const today = todayIn(tz);
  const tomorrow = addDays(today, 1);
  const last = /^(\d+)d$/.exec(range);
  if (last) return { from: addDays(tomorrow, -Number(last[1])), to: tomorrow };
  switch (range) {
    case "today":
      return { from: today, to: tomorrow };
    case "yesterday":
      return { from: addDays(today, -1), to: today };
    case "month":
      return { from: addMonths(today, 0), to: tomorrow };
    case "last-month":
      return { from: addMonths(today, -1), to: addMonths(today, 0) };
    case "12m":
      return { from: addMonths(today, -11), to: tomorrow };
    case "custom":
      return { ...(from ? { from } : {}), ...(to ? { to: addDays(to, 1) } : {}) };
    default:
      return {};
  }
}
