import { writeFile } from "node:fs/promises";
import { extname } from "node:path";
import { Command, InvalidArgumentError } from "@commander-js/extra-typings";
import { errorCode, UserError } from "../../errors.ts";
import { lastMonth } from "../../report/month.ts";
import type { MonthlyReport, ReportOptions } from "../../report/read.ts";
import { helpText, UNUSABLE_CODE } from "../help.ts";
import { UNUSABLE } from "../report-error.ts";
import { type Session, withDatabase } from "../session.ts";

const HELP = helpText({
  about: `
Writes the figures of a month into one file, by the ending of its name: .html (one file, without script, to send or to
print), .pdf, or .csv (the days, as numbers). A conversation belongs to the month in which it began. The figures are
those of the SQL reports.`,
  examples: [
    ["npx conversation-metrics report --out october.html --month 2026-10", "of all organizations"],
    ["npx conversation-metrics report --out acme.pdf --organization 7 --time-zone Europe/Berlin", "of last month"],
    ["npx conversation-metrics report --out - --format csv --organization none", "to stdout, of rows without one"],
  ],
  exitCodes: [[0, "written"], [1, "a statement failed"], UNUSABLE_CODE],
});

const FORMATS = ["html", "pdf", "csv"] as const;
type Format = (typeof FORMATS)[number];

/** `report`: a month's figures as a file for people. */
export function reportCommand() {
  return new Command("report")
    .description("write the figures of a month into a file to send: HTML, PDF or CSV")
    .requiredOption("--out <file>", "where to; - is stdout")
    .option("--format <format>", "html, pdf or csv (default: by the file's ending)", format)
    .option("--month <YYYY-MM>", "which month (default: the one that ended last)", month)
    .option("--organization <id>", "of one organization; none: the rows without one (default: all)")
    .option("--time-zone <zone>", "on whose clocks, as Europe/Berlin", zone, "UTC")
    .option("--currency <code>", "of the prices", "USD")
    .option("--source <name>", "of which attached tables", "default")
    .addHelpText("after", HELP)
    .action(async (options, command) => {
      const chosen = options.format ?? formatOf(options.out);
      await withDatabase(command, async (session) => {
        const bytes = await render(chosen, await read(session, options));
        if (options.out === "-") return void process.stdout.write(bytes);
        await write(options.out, bytes);
        session.out.note(`Written: ${options.out}`);
      });
    });
}

type Given = Pick<ReportOptions, "timeZone" | "currency" | "source"> & {
  month?: string | undefined;
  organization?: string | undefined;
};

async function read({ sql }: Session, given: Given): Promise<MonthlyReport> {
  const { readReport } = await import("../../report/read.ts");
  const { timeZone, currency, source, organization } = given;
  const options = { ...{ timeZone, currency, source, organization }, month: given.month ?? lastMonth(timeZone) };
  return readReport(sql, options);
}

async function render(chosen: Format, report: MonthlyReport): Promise<string | Buffer> {
  switch (chosen) {
    case "html":
      return (await import("../../report/html.ts")).reportHtml(report);
    case "csv":
      return (await import("../../report/csv.ts")).reportCsv(report);
    case "pdf":
      return (await import("../../report/pdf.ts")).reportPdf(report);
  }
}

async function write(file: string, bytes: string | Buffer): Promise<void> {
  try {
    await writeFile(file, bytes);
  } catch (error) {
    throw new UserError(`${file} cannot be written (${errorCode(error)}).`, {
      hint: "Name a file in a folder that is there and that you may write to.",
      exitCode: UNUSABLE,
      cause: error,
    });
  }
}

function formatOf(file: string): Format {
  const found = FORMATS.find((name) => `.${name}` === extname(file).toLowerCase());
  if (found !== undefined) return found;
  throw new UserError(`What kind of report ${file} is to be is not said by its name.`, {
    hint: "End it in .html, .pdf or .csv, or give --format.",
    exitCode: UNUSABLE,
  });
}

function format(text: string): Format {
  const found = FORMATS.find((name) => name === text);
  if (found === undefined) throw new InvalidArgumentError(`It must be one of ${FORMATS.join(", ")}.`);
  return found;
}

function month(text: string): string {
  if (/^(19|20|21)\d\d-(0[1-9]|1[0-2])$/.test(text)) return text;
  throw new InvalidArgumentError("It must look like 2026-10.");
}

function zone(text: string): string {
  try {
    new Intl.DateTimeFormat("en", { timeZone: text });
    return text;
  } catch {
    throw new InvalidArgumentError("It must be a time zone like Europe/Berlin.");
  }
}
