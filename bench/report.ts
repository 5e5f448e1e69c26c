import { writeFile } from "node:fs/promises";
import Table from "cli-table3";
import type { Section, Verdict } from "./case.ts";

const VERDICT_COLUMNS = ["work", "target", "measured", "met"];

/** All results as text for a terminal. */
export function printSections(sections: readonly Section[]): string {
  const parts = sections.map((section) => `${section.title}\n${textTable(section.columns, section.rows)}`);
  const verdicts = verdictRows(sections);
  if (verdicts.length > 0) parts.push(`Targets\n${textTable(VERDICT_COLUMNS, verdicts)}`);
  return parts.join("\n\n");
}

function textTable(head: string[], rows: string[][]): string {
  const table = new Table({ head, style: { head: [], border: [] } });
  table.push(...rows);
  return table.toString();
}

function verdictRows(sections: readonly Section[]): string[][] {
  const verdicts: Verdict[] = sections.flatMap((section) => section.verdicts);
  return verdicts.map(({ work, target, measured, met }) => [work, target, measured, met ? "yes" : "no"]);
}

/** Writes the results as Markdown. */
export async function writeResults(
  file: string,
  results: { machine: [string, string][]; sections: readonly Section[]; rounds: [number, number] },
): Promise<void> {
  const blocks = [
    "# Results of `npm run bench`",
    `Medians of ${results.rounds[0]} rounds (${results.rounds[1]} where one takes many seconds); the variants take turns within each. A ratio is the median of the rounds' ratios, in parentheses their range. Written by the benchmark; do not edit.`,
    "## Targets",
    markdownTable(VERDICT_COLUMNS, verdictRows(results.sections)),
    "## Measured on",
    markdownTable(["", ""], results.machine),
    GLOSSARY,
    ...results.sections.flatMap((section) => [
      `## ${section.title}`,
      section.about,
      markdownTable(section.columns, section.rows),
    ]),
  ];
  await writeFile(file, `${blocks.join("\n\n")}\n`);
}

const GLOSSARY = `## Variants

- **plain**: the application's table alone, nobody keeps metrics.
- **seed**: the application keeps them itself, in one transaction: write the row, select the metrics row, select the session's messages, insert or update the metrics row.
- **floor**: the same rows, ledger rows and metrics as the engine's, in hand-written SQL without triggers (\`bench/floor\`). Its metrics are checked against the source rows at the end, as the engine's are.
- **engine**: the application's statement alone; the triggers do the rest.`;

function markdownTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n");
}
