const formats = new Map<string, Intl.DateTimeFormat>();

function formatOf(zone: string): Intl.DateTimeFormat {
  const known = formats.get(zone);
  if (known) return known;
  const made = new Intl.DateTimeFormat("en-GB", {
    timeZone: zone,
    year: "numeric",
    month: "2-digit",
    day: "2-digit",
    hour: "2-digit",
    minute: "2-digit",
    hourCycle: "h23",
  });
  formats.set(zone, made);
  return made;
}

/** What the clocks of a zone show, by ICU's own data on time zones and not by PostgreSQL's. */
export function clocks(at: number, zone: string): { day: string; hour: number; weekday: number } {
  const parts = new Map(
    formatOf(zone)
      .formatToParts(at)
      .map(({ type, value }) => [type, value]),
  );
  const day = `${parts.get("year")}-${parts.get("month")}-${parts.get("day")}`;
  return { day, hour: Number(parts.get("hour")), weekday: weekdayOf(day) };
}

/** 1 = Monday to 7. */
function weekdayOf(day: string): number {
  return ((new Date(`${day}T00:00Z`).getUTCDay() + 6) % 7) + 1;
}

/** The day so many days later. */
export function addDays(day: string, days: number): string {
  return new Date(Date.parse(`${day}T00:00Z`) + days * 86_400_000).toISOString().slice(0, 10);
}

/** The Monday of the day's week. */
export const weekOf = (day: string): string => addDays(day, 1 - weekdayOf(day));

/** The first of the day's month. */
export const monthOf = (day: string): string => `${day.slice(0, 7)}-01`;

/** The first moment at which the clocks of the zone show that day, or a later one: found by halving. */
export function startOfDay(day: string, zone: string): number {
  let before = Date.parse(`${day}T00:00Z`) - 2 * 86_400_000;
  let from = before + 4 * 86_400_000;
  while (from - before > 1) {
    const middle = Math.floor((before + from) / 2);
    if (clocks(middle, zone).day >= day) from = middle;
    else before = middle;
  }
  return from;
}
