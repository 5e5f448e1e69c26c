/** A month as YYYY-MM. */
export type Month = string;

const parts = (month: Month): [number, number] => {
  const [year = 0, number = 1] = month.split("-").map(Number);
  return [year, number];
};

/** The first day of the month so many months later, as YYYY-MM-DD. */
export function firstDay(month: Month, later = 0): string {
  const [year, number] = parts(month);
  return new Date(Date.UTC(year, number - 1 + later, 1)).toISOString().slice(0, 10);
}

/** The month that it is on the clocks of a zone. */
export function thisMonth(zone: string, now = new Date()): Month {
  const options = { timeZone: zone, year: "numeric", month: "2-digit", day: "2-digit" } as const;
  return new Intl.DateTimeFormat("en-CA", options).format(now).slice(0, 7);
}

/** The month that ended last on the clocks of a zone: whose report is due. */
export function lastMonth(zone: string, now = new Date()): Month {
  return firstDay(thisMonth(zone, now), -1).slice(0, 7);
}

/** The next one. */
export const monthAfter = (month: Month): Month => firstDay(month, 1).slice(0, 7);

/** October 2026 */
export function monthName(month: Month): string {
  const [year, number] = parts(month);
  const options = { month: "long", year: "numeric", timeZone: "UTC" } as const;
  return new Intl.DateTimeFormat("en-US", options).format(Date.UTC(year, number - 1, 1));
}
