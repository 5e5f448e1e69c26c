import { expect } from "vitest";
import type { Sql } from "../../../src/database.ts";

/** A row of a report: numbers are numbers, times are texts in UTC. */
export type Row = Record<string, unknown>;

/** What a report or any other query over the reports gives. */
export function read(sql: Sql, query: string): Promise<Row[]> {
  return sql.begin(async (tx) => {
    await tx`set local timezone = 'UTC'`;
    const found = await tx.unsafe<{ row: Row }[]>(`select to_jsonb(r) as row from (${query}) as r`);
    return found.map(({ row }) => row);
  });
}

/** A filter as SQL: `filterSql({ organization: "1" })`. */
export function filterSql(values: Record<string, string | number | boolean | undefined>): string {
  const given = Object.entries(values).filter(([, value]) => value !== undefined);
  return `report_filter(${given.map(([name, value]) => `${name} => '${value}'`).join(", ")})`;
}

export const iso = (at: number): string => new Date(at).toISOString();

/** The row has these values, numbers within what rounding to four digits may do. */
export function expectFigures(row: Row | undefined, expected: Row, prefix = ""): void {
  for (const [name, value] of Object.entries(expected)) {
    const actual = row?.[prefix + name];
    const label = `${prefix}${name} of ${JSON.stringify(row)}`;
    if (typeof value === "number" && typeof actual === "number")
      expect(Math.abs(actual - value), label).toBeLessThan(5.1e-5);
    else expect(actual, label).toEqual(value);
  }
}
