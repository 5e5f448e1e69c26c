import { styleText } from "node:util";
import { type Column, renderTable } from "./table.ts";

/** Where a command writes: results to stdout, all else to stderr. */
export type Output = {
  /** A result. */
  print: (text: string) => void;
  /** What a person may want to know beside the result; nothing with --quiet. */
  note: (text: string) => void;
  /** A table that fits the terminal; says on stderr which columns it had no room for. */
  table: (columns: Column[], rows: string[][]) => void;
  /** A heading over a part of the result. */
  heading: (text: string) => void;
  quiet: boolean;
};

/** The output of a command that was given --quiet or not. */
export function createOutput(quiet: boolean): Output {
  const print = (text: string) => void process.stdout.write(`${text}\n`);
  const note = (text: string) => {
    if (!quiet) process.stderr.write(`${text}\n`);
  };
  const table = (columns: Column[], rows: string[][]) => {
    const { text, dropped } = renderTable(columns, rows, terminalWidth());
    print(text);
    if (dropped.length > 0) note(`Too narrow for: ${dropped.join(", ")}`);
  };
  return { print, note, table, heading: (text) => print(styleText("bold", text)), quiet };
}

/** How many characters a line may have: unlimited where the output is no terminal, unless COLUMNS says. */
export function terminalWidth(): number {
  const columns = process.stdout.columns ?? Number(process.env.COLUMNS);
  return columns > 0 ? columns : Number.POSITIVE_INFINITY;
}
