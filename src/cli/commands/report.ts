import { writeFile } from "node:fs/promises";
import { extname } from "node:path";
import { Command, InvalidArgumentError } from "@commander-js/extra-typings";
import { errorCode, UserError } from "../../errors.ts";
import { lastMonth, type Month, monthName, thisMonth } from "../../report/month.ts";
import type { MonthlyReport, ReportOptions } from "../../report/read.ts";
import { FORMATS, type Format, render } from "../../report/render.ts";
import { helpText, UNUSABLE_CODE } from "../help.ts";
import { month, timeZone } from "../options.ts";
import { UNUSABLE } from "../report-error.ts";
import { type Session, withDatabase } from "../session.ts";
import { chooseSource, oneSourceOption } from "../sources.ts";
import { scheduleCommand, schedulesCommand, unscheduleCommand } from "./report-schedule.ts";

const HELP = helpText({
  about: `
Writes the figures of a month into one file, by the ending of its name: .html (one file, without script, to send or to
print), .pdf, or .csv (the days, as numbers). A conversation belongs to the month in which it began. The figures are
those of the SQL reports.

The options of a month: npx conversation-metrics report month --help`,
  examples: [
    ["npx conversation-metrics report --out october.html --month 2026-10", "of all organizations"],
    ["npx conversation-metrics report --out acme.pdf --organization 7 --time-zone Europe/Berlin", "of last month"],
    ["npx conversation-metrics report schedule --organization 7 --format pdf --folder /srv/reports", "each month"],
    ["npx conversation-metrics report --out - --format csv --organization none", "to stdout, of rows without one"],
  ],
  exitCodes: [[0, "written"], [1, "a statement failed"], UNUSABLE_CODE],
});

/** `report`: a month's figures as a file for people. */
export function reportCommand() {
  const command = new Command("report")
    .description("write the figures of a month into a file to send: HTML, PDF or CSV; each month by itself too")
    .addHelpText("after", HELP);
  // A command of its own: options here would take those of the other commands.
  command.addCommand(monthCommand(), { isDefault: true });
  for (const create of [scheduleCommand, schedulesCommand, unscheduleCommand]) command.addCommand(create());
  return command;
}

function monthCommand() {
  return new Command("month")
    .description("write a month (what report alone does)")
    .requiredOption("--out <file>", "where to; - is stdout")
    .option("--format <format>", "html, pdf or csv (default: by the file's ending)", format)
    .option("--month <YYYY-MM>", "which month (default: the one that ended last)", month)
    .option("--organization <id>", "of one organization; none: the rows without one (default: all)")
    .option("--time-zone <zone>", "on whose clocks, as Europe/Berlin", timeZone, "UTC")
    .option("--currency <code>", "of the prices", "USD")
    .addOption(oneSourceOption())
    .action(async (options, command) => {
      const { out } = options;
      const chosen = options.format ?? formatOf(out);
      if (options.month !== undefined) refuseFuture(options.month, options.timeZone);
      await withDatabase(command, async (session) => {
        const bytes = await render(chosen, await read(session, options));
        if (out === "-") return void process.stdout.write(bytes);
        await write(out, bytes);
        session.out.note(`Written: ${out}`);
      });
    });
}

// Its report would be empty, and look like one of a month without conversations.
function refuseFuture(month: Month, zone: string): void {
  const now = thisMonth(zone);
  if (month <= now) return;
  throw new UserError(`${monthName(month)} has not begun on the clocks of ${zone}.`, {
    hint: `The latest month is ${now}, so far; the latest whole one is ${lastMonth(zone)}.`,
    exitCode: UNUSABLE,
  });
}

type Given = Pick<ReportOptions, "timeZone" | "currency"> & {
  source?: string | undefined;
  month?: string | undefined;
  organization?: string | undefined;
};

async function read(session: Session, given: Given): Promise<MonthlyReport> {
  const { readReport } = await import("../../report/read.ts");
  const { timeZone, currency, organization } = given;
  const { name: source } = await chooseSource(session, given.source);
  const options = { ...{ timeZone, currency, source, organization }, month: given.month ?? lastMonth(timeZone) };
  return readReport(session.sql, options);
}

async function write(file: string, bytes: Buffer): Promise<void> {
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
