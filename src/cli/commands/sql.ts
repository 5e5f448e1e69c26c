import { text as readAll } from "node:stream/consumers";
import { Command, Option } from "@commander-js/extra-typings";
import { stringify } from "csv-stringify/sync";
import { UserError } from "../../errors.ts";
import { counted, NONE } from "../format.ts";
import { helpText, UNUSABLE_CODE } from "../help.ts";
import { isNumber, rowsToJson } from "../json-rows.ts";
import { type Output, terminalWidth } from "../output.ts";
import { printRecords } from "../records.ts";
import { UNUSABLE } from "../report-error.ts";
import { type Result, runStatements } from "../result.ts";
import { withDatabase } from "../session.ts";
import { asStatementError } from "../statement-error.ts";
import { fitColumns } from "../table.ts";

const HELP = helpText({
  about: `
For those without psql. A result that is too wide for the terminal is printed as one line for each
column. Several statements, separated by semicolons, run as one transaction.`,
  examples: [
    [`npx conversation-metrics sql "select * from conversation_metrics limit 5"`, "print a table"],
    [`npx conversation-metrics sql "table leads" --csv > leads.csv`, "export"],
    [`npx conversation-metrics sql "select 1 as one" --json`, `[{"one":1}]`],
    ["npx conversation-metrics sql - < report.sql", "read the statement from stdin"],
  ],
  exitCodes: [[0, "it ran"], [1, "the server refused it"], UNUSABLE_CODE],
});

/** `sql`: runs a statement and prints what it returns. */
export function sqlCommand() {
  return new Command("sql")
    .description("run a statement and print what it returns")
    .argument("<statement>", "SQL text; - reads it from stdin")
    .option("--json", "print JSON: an array of objects for each statement that returns rows")
    .addOption(new Option("--csv", "print CSV with a header line; NULL is an empty field").conflicts("json"))
    .addHelpText("after", HELP)
    .action(async (statement, options, command) => {
      const statements = statement === "-" ? await readAll(process.stdin) : statement;
      if (statements.trim() === "") {
        throw new UserError("There is no statement.", {
          hint: 'Like this: npx conversation-metrics sql "select * from conversation_metrics limit 5"',
          exitCode: UNUSABLE,
        });
      }
      await withDatabase(
        command,
        async ({ sql, out }) => {
          const results = await runStatements(sql, statements).catch((error: unknown) => {
            throw asStatementError(error, statements);
          });
          for (const result of results) {
            if (options.json) printIfRows(result, () => out.print(rowsToJson(result)));
            else if (options.csv) printIfRows(result, () => process.stdout.write(toCsv(result)));
            else printResult(result, out);
          }
        },
        // One, since a transaction that the statements begin is theirs.
        { migrated: false, connections: 1 },
      );
    });
}

function printIfRows(result: Result, print: () => void): void {
  if (result.columns.length > 0) print();
}

function toCsv({ columns, rows }: Result): string {
  return stringify(rows, {
    header: true,
    columns: columns.map(({ name }, key) => ({ key: String(key), header: name })),
  });
}

function printResult(result: Result, out: Output): void {
  if (result.columns.length === 0) {
    out.print(describe(result));
    return;
  }
  const columns = result.columns.map(({ name, type }) => ({ name, number: isNumber(type) }));
  const rows = result.rows.map((row) => row.map((value) => value ?? NONE));
  if (fitColumns(columns, rows, terminalWidth()).dropped.length > 0) printRecords(result, out);
  else out.table(columns, rows);
  out.note(counted(rows.length, "row"));
}

function describe({ command, count }: Result): string {
  return /^(INSERT|UPDATE|DELETE|MERGE|COPY)$/.test(command) ? `${command}: ${counted(count, "row")}` : command;
}
