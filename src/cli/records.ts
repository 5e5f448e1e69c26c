import stringWidth from "string-width";
import { NONE } from "./format.ts";
import type { Output } from "./output.ts";
import type { Result } from "./result.ts";
import { oneLine } from "./table.ts";

/** Prints rows that are too wide for a table: a line for each column, whole. */
export function printRecords({ columns, rows }: Result, out: Output): void {
  const width = Math.max(...columns.map(({ name }) => stringWidth(name)));
  rows.forEach((row, index) => {
    out.heading(`${index === 0 ? "" : "\n"}row ${index + 1}`);
    columns.forEach(({ name }, at) => {
      out.print(`  ${name}${" ".repeat(width - stringWidth(name))}  ${oneLine(row[at] ?? NONE)}`);
    });
  });
}
