import { styleText } from "node:util";
import type { Output } from "./output.ts";
import { oneLine } from "./table.ts";

/** Prints names with their values, one a line. */
export function printPairs(out: Output, pairs: [name: string, value: string][]): void {
  const width = Math.max(...pairs.map(([name]) => name.length));
  for (const [name, value] of pairs) out.print(`${styleText("bold", name.padEnd(width))}  ${oneLine(value)}`);
}
