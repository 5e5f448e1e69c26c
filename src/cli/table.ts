import { styleText } from "node:util";
import CliTable from "cli-table3";
// The release that cli-table3 measures with, so that both find the same widths.
import stringWidth from "string-width";

/** A column of a table. */
export type Column = {
  name: string;
  /** Right-aligned and never cut: half a number is a wrong number. */
  number?: boolean;
  /** How narrow it may get before columns are left out; 12 unless told. */
  min?: number;
  /** The larger, the earlier it is left out where room is short; 0 stays to the last. */
  spare?: number;
};

/** As `min`: a column that is never cut. */
export const WHOLE = Number.POSITIVE_INFINITY;

const GAP = 2;
const MIN_WIDTH = 12;

/** Where the columns of a table go. */
export type Layout = { kept: number[]; widths: number[]; dropped: string[] };

/** Draws a table no wider than `width`: long texts end in …, and columns are left out where that is not enough. */
export function renderTable(columns: Column[], rows: string[][], width: number): { text: string; dropped: string[] } {
  const lines = rows.map((row) => row.map(oneLine));
  const { kept, widths, dropped } = fitColumns(columns, lines, width);
  const pick = (cells: string[]) => kept.map((index) => cells[index] ?? "");
  const table = new CliTable({
    chars: BORDERLESS,
    style: { "padding-left": 0, "padding-right": 0, head: [], border: [], compact: true },
    colWidths: widths,
    colAligns: kept.map((index) => (columns[index]?.number ? "right" : "left")),
    truncate: "…",
  });
  table.push(pick(columns.map((column) => column.name)).map((name) => styleText("bold", name)));
  table.push(widths.map((columnWidth) => "─".repeat(columnWidth)));
  for (const line of lines) table.push(pick(line));
  const text = table.toString().replaceAll(/ +$/gm, "");
  return { text, dropped };
}

/** Decides which columns are shown, and how wide. */
export function fitColumns(columns: Column[], rows: string[][], width: number): Layout {
  const natural = columns.map((column, index) =>
    Math.max(stringWidth(column.name), ...rows.map((row) => stringWidth(row[index] ?? ""))),
  );
  let kept = columns.map((_, index) => index);
  for (;;) {
    const widths = shrink(kept, columns, natural, width);
    if (widths !== undefined || kept.length === 1) {
      const left = columns.filter((_, index) => !kept.includes(index));
      const dropped = [...new Set(left.map((column) => column.name))];
      return { kept, widths: widths ?? [Math.max(1, width)], dropped };
    }
    const spare = (index: number) => columns[index]?.spare ?? 0;
    const most = Math.max(...kept.map(spare));
    const leaving = kept.findLast((index) => spare(index) === most);
    // Columns of one name belong together: of two, the one that is left could be either.
    const name = columns[leaving ?? 0]?.name;
    kept = kept.filter((index) => columns[index]?.name !== name);
  }
}

// Takes from the widest text column first; undefined where the columns do not fit at all.
function shrink(kept: number[], columns: Column[], natural: number[], width: number): number[] | undefined {
  const widths = kept.map((index) => natural[index] ?? 0);
  const floors = kept.map((index, at) => {
    const own = widths[at] ?? 0;
    return columns[index]?.number ? own : Math.min(own, columns[index]?.min ?? MIN_WIDTH);
  });
  let excess = sum(widths) + GAP * (kept.length - 1) - width;
  while (excess > 0) {
    const widest = widths.reduce((best, own, at) => {
      const canGive = own > (floors[at] ?? 0);
      return canGive && (best < 0 || own > (widths[best] ?? 0)) ? at : best;
    }, -1);
    if (widest < 0) return undefined;
    widths[widest] = (widths[widest] ?? 0) - 1;
    excess -= 1;
  }
  return widths;
}

function sum(numbers: number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: those are what must not reach the terminal
const CONTROL = /[\u0000-\u001f\u007f-\u009f]+/g;

/** A text as one line: a cell with a line break or an escape sequence would tear the table. */
export function oneLine(text: string): string {
  return text.replaceAll(CONTROL, " ");
}

const BORDERLESS = {
  top: "",
  "top-mid": "",
  "top-left": "",
  "top-right": "",
  bottom: "",
  "bottom-mid": "",
  "bottom-left": "",
  "bottom-right": "",
  left: "",
  "left-mid": "",
  mid: "",
  "mid-mid": "",
  right: "",
  "right-mid": "",
  middle: " ".repeat(GAP),
};
