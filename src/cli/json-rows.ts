import type { Result } from "./result.ts";

const BOOLEAN = 16;
const NUMBERS = new Set([20, 21, 23, 26, 700, 701, 1700]);
const JSONS = new Set([114, 3802]);
const TIMES = new Set([1114, 1184]);

/** Whether a column of this type is right-aligned. */
export function isNumber(type: number): boolean {
  return NUMBERS.has(type);
}

/** Rows as a JSON array, one object a line; numbers keep every digit, times are ISO 8601. */
export function rowsToJson(result: Result): string {
  const lines = result.rows.map((row) => rowToJson(result, row));
  return lines.length === 0 ? "[]" : `[\n${lines.join(",\n")}\n]`;
}

/** One row as a JSON object. */
export function rowToJson({ columns }: Result, row: (string | null)[]): string {
  const members = columns.map(({ name, type }, index) => `${JSON.stringify(name)}:${valueToJson(row[index], type)}`);
  return `{${members.join(",")}}`;
}

function valueToJson(text: string | null | undefined, type: number): string {
  if (text === null || text === undefined) return "null";
  if (type === BOOLEAN) return text === "t" ? "true" : "false";
  // As the server wrote it: a number of JavaScript would round a large id. NaN and infinity are texts in JSON.
  if (NUMBERS.has(type) && /^-?\d/.test(text)) return text;
  if (JSONS.has(type)) return text;
  if (TIMES.has(type)) return JSON.stringify(isoTime(text));
  return JSON.stringify(text);
}

// 2025-03-01 10:00:00+00 → 2025-03-01T10:00:00+00:00; infinity and times BC stay.
function isoTime(text: string): string {
  return text.replace(
    /^(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d(?:\.\d+)?)([+-]\d\d)?(:\d\d)?$/,
    (_, day, time, hours, minutes) => `${day}T${time}${hours === undefined ? "" : `${hours}${minutes ?? ":00"}`}`,
  );
}
