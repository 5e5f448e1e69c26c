/** Numbers and times as the reader's language writes them. */

const language = usable(navigator.language);

// Some browsers say what is no language, as in en-US@posix.
function usable(tag: string): string {
  try {
    return Intl.getCanonicalLocales(tag)[0] ?? "en";
  } catch {
    return "en";
  }
}

export const NONE = "–";

const whole = new Intl.NumberFormat(language);
const short = new Intl.NumberFormat(language, { notation: "compact", maximumFractionDigits: 1 });
const decimals = [0, 1, 2].map(
  (digits) => new Intl.NumberFormat(language, { minimumFractionDigits: digits, maximumFractionDigits: digits }),
);
const shares = [0, 1].map(
  (digits) => new Intl.NumberFormat(language, { style: "percent", maximumFractionDigits: digits }),
);
const signed = new Intl.NumberFormat(language, {
  style: "percent",
  maximumFractionDigits: 1,
  signDisplay: "exceptZero",
});

type Value = number | null | undefined;

const or = (value: Value, write: (value: number) => string) =>
  value === null || value === undefined ? NONE : write(value);

/** 12,345 */
export const integer = (value: Value): string => or(value, (number) => whole.format(number));

/** 12,345, and from a hundred thousand on 123.5K. */
export const compact = (value: Value): string =>
  or(value, (number) => (Math.abs(number) < 100_000 ? whole.format(Math.round(number)) : short.format(number)));

/** As short as an axis needs it. */
export const axis = (value: number): string =>
  Math.abs(value) < 1000 ? String(+value.toFixed(4)) : short.format(value);

/** 3.57 */
export const decimal = (value: Value, digits: 0 | 1 | 2 = 2): string =>
  or(value, (number) => (decimals[digits] ?? whole).format(number));

/** 12.3% */
export const percent = (value: Value, digits: 0 | 1 = 1): string =>
  or(value, (number) => (shares[digits] ?? whole).format(number));

/** By how much a figure is above or below another; undefined where that says nothing. */
export function change(now: Value, before: Value): { share: number; text: string } | undefined {
  if (now === null || now === undefined || before === null || before === undefined || before === 0) return undefined;
  const share = now / before - 1;
  return { share, text: Math.abs(share) >= 10 ? `×${decimal(now / before, 0)}` : signed.format(share) };
}

/** $1.23; more digits for less. */
export function money(value: Value, currency = "USD"): string {
  return or(value, (number) => {
    const size = Math.abs(number);
    const digits = size === 0 || size >= 1 ? 2 : size >= 0.01 ? 3 : 4;
    return new Intl.NumberFormat(language, {
      ...{ style: "currency", currency, currencyDisplay: "narrowSymbol" },
      ...(size >= 100_000 ? { notation: "compact" } : { minimumFractionDigits: 2, maximumFractionDigits: digits }),
    }).format(number);
  });
}

/** 2.4 s, 3 min 20 s, 2 h 5 min */
export function duration(value: Value): string {
  return or(value, (seconds) => {
    if (seconds < 1) return `${whole.format(Math.round(seconds * 1000))} ms`;
    if (seconds < 60) return `${decimal(seconds, seconds < 10 ? 1 : 0)} s`;
    const minutes = Math.floor(seconds / 60);
    if (minutes < 60) return `${minutes} min ${Math.round(seconds % 60)} s`;
    const hours = Math.floor(minutes / 60);
    if (hours < 48) return `${hours} h ${minutes % 60} min`;
    return `${integer(Math.round(hours / 24))} days`;
  });
}

/** How long ago, as short as it can be said. */
export function ago(from: number, now: number): string {
  const seconds = Math.max(0, Math.round((now - from) / 1000));
  if (seconds < 5) return "just now";
  if (seconds < 60) return `${seconds} s ago`;
  if (seconds < 3600) return `${Math.round(seconds / 60)} min ago`;
  if (seconds < 86_400 * 2) return `${Math.round(seconds / 3600)} h ago`;
  return `${Math.round(seconds / 86_400)} days ago`;
}

const dayOptions = { day: "numeric", month: "short", timeZone: "UTC" } as const;
const dayFormat = new Intl.DateTimeFormat(language, dayOptions);
const longDayFormat = new Intl.DateTimeFormat(language, { ...dayOptions, weekday: "short", year: "numeric" });
const monthFormat = new Intl.DateTimeFormat(language, { month: "short", year: "numeric", timeZone: "UTC" });

const atNoon = (day: string) => new Date(`${day}T12:00Z`);

/** 3 Mar */
export const dayName = (day: string): string => dayFormat.format(atNoon(day));

/** Tue, 3 Mar 2026 */
export const longDayName = (day: string): string => longDayFormat.format(atNoon(day));

/** Mar 2026 */
export const monthName = (day: string): string => monthFormat.format(atNoon(day));

const moments = new Map<string, Intl.DateTimeFormat>();

/** A moment on the clocks of a zone. */
export function moment(time: string | null, zone = "UTC", seconds = false): string {
  if (time === null) return NONE;
  const key = `${zone} ${seconds}`;
  let format = moments.get(key);
  if (format === undefined) {
    const options = { dateStyle: "medium", timeStyle: seconds ? "medium" : "short" } as const;
    try {
      format = new Intl.DateTimeFormat(language, { ...options, timeZone: zone });
    } catch {
      format = new Intl.DateTimeFormat(language, { ...options, timeZone: "UTC" });
    }
    moments.set(key, format);
  }
  return format.format(new Date(time));
}

const weekdayFormat = new Intl.DateTimeFormat(language, { weekday: "long", timeZone: "UTC" });
const shortWeekdayFormat = new Intl.DateTimeFormat(language, { weekday: "short", timeZone: "UTC" });

// 5 January 2026 was a Monday.
const weekdayDate = (weekday: number) => new Date(Date.UTC(2026, 0, 4 + weekday, 12));

/** Monday: 1 is Monday. */
export const weekdayName = (weekday: number): string => weekdayFormat.format(weekdayDate(weekday));

/** Mon */
export const shortWeekday = (weekday: number): string => shortWeekdayFormat.format(weekdayDate(weekday));

/** 09:00–10:00 */
export const hourName = (hour: number): string =>
  `${String(hour).padStart(2, "0")}:00–${String((hour + 1) % 24).padStart(2, "0")}:00`;
