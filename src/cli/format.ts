const grouped = new Intl.NumberFormat("en-US");

/** What stands for NULL in a table. */
export const NONE = "–";

/** A whole number with separators between thousands, exact also beyond what a number holds. */
export function integer(value: string | number | null): string {
  return value === null ? NONE : grouped.format(BigInt(value));
}

/** A number with a fixed count of decimals. */
export function decimal(value: number | null, digits: number): string {
  if (value === null) return NONE;
  return value.toLocaleString("en-US", { minimumFractionDigits: digits, maximumFractionDigits: digits });
}

/** A span of time in its two largest units: 1.8 s, 4 min 5 s, 2 h 10 min, 3 d 4 h. */
export function duration(seconds: number | null): string {
  if (seconds === null) return NONE;
  if (seconds < 59.95) return `${decimal(seconds, 1)} s`;
  const whole = Math.round(seconds);
  const minutes = Math.floor(whole / 60);
  if (minutes < 60) return `${minutes} min ${whole % 60} s`;
  const hours = Math.floor(minutes / 60);
  if (hours < 24) return `${hours} h ${minutes % 60} min`;
  return `${integer(Math.floor(hours / 24))} d ${hours % 24} h`;
}

/** "1 session", "2 sessions". */
export function counted(count: string | number, noun: string): string {
  return `${integer(count)} ${noun}${String(count) === "1" ? "" : "s"}`;
}

/** "4.1 s on average over 2 answers"; of none there is no average. */
export function average(value: string, count: string | number, noun: string): string {
  return String(count) === "0" ? NONE : `${value} on average over ${counted(count, noun)}`;
}

/** A time in ISO 8601 as a person reads it, without parts of a second. */
export function toSecond(time: string): string {
  return time
    .replace("T", " ")
    .replace(/(:\d\d)\.\d+/, "$1")
    .replace(/([+-]\d\d):00$/, "$1");
}

/** A text as a shell takes it for one word. */
export function shellWord(text: string): string {
  return /^[\w.=:/@-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
