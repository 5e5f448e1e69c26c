import { stat } from "node:fs/promises";
import { resolve } from "node:path";
import { Command, InvalidArgumentError, Option } from "@commander-js/extra-typings";
import { UserError } from "../../errors.ts";
import { FORMATS } from "../../report/render.ts";
import { addSchedule, listSchedules, removeSchedule, type Schedule } from "../../report/schedules.ts";
import { NONE } from "../format.ts";
import { month, timeZone } from "../options.ts";
import { FAILED, UNUSABLE } from "../report-error.ts";
import { withDatabase } from "../session.ts";
import { chooseSource, oneSourceOption } from "../sources.ts";

/** `report schedule`: each month by itself. */
export function scheduleCommand() {
  return new Command("schedule")
    .description("have a worker send a report each month, into a folder or to a webhook")
    .requiredOption("--organization <id>", "of one organization, none (the rows without one), or all")
    .addOption(new Option("--format <format>", "what it is").choices(FORMATS).default("html" as const))
    .option("--folder <folder>", "where to, on the machine of the worker")
    .option("--webhook <url>", "where to post it", webhook)
    .option("--time-zone <zone>", "on whose clocks a month ends", timeZone, "UTC")
    .option("--currency <code>", "of the prices", "USD")
    .addOption(oneSourceOption())
    .option("--since <YYYY-MM>", "the last month that needs none (default: the one that ended last)", month)
    .action(async (options, self) => {
      const { organization, format, folder, webhook: url, currency, since } = options;
      if ((folder === undefined) === (url === undefined)) {
        throw new UserError("A schedule needs one place.", { hint: "Give --folder or --webhook.", exitCode: UNUSABLE });
      }
      if (folder !== undefined) await requireFolder(folder);
      await withDatabase(self, async (session) => {
        const { sql, out } = session;
        const { name: source } = await chooseSource(session, options.source);
        const id = await addSchedule(sql, {
          organization: organization === "all" ? null : organization,
          ...{ source, currency, format, since, time_zone: options.timeZone },
          folder: folder === undefined ? null : resolve(folder),
          webhook: url ?? null,
        });
        out.print(`Schedule ${id}: a worker sends it within an hour of the end of each month.`);
      });
    });
}

/** `report schedules`: which there are, and what became of them. */
export function schedulesCommand() {
  return new Command("schedules")
    .description("which reports are sent each month, and what became of them")
    .option("--json", "print JSON")
    .action(async ({ json }, self) => {
      await withDatabase(self, async ({ sql, out }) => {
        const schedules = await listSchedules(sql);
        if (json) return out.print(JSON.stringify(schedules, null, 2));
        if (schedules.length === 0) return out.print("None: npx conversation-metrics report schedule --help");
        out.table(
          ["id", "organization", "format", "to", "sent", "error"].map((name) => ({ name })),
          schedules.map(cellsOf),
        );
      });
    });
}

/** `report unschedule`: takes one back. */
export function unscheduleCommand() {
  return new Command("unschedule")
    .description("send a report no more")
    .argument("<id>", "as it is listed", id)
    .action(async (given, _options, self) => {
      await withDatabase(self, async ({ sql, out }) => {
        const found = await removeSchedule(sql, given);
        if (!found) process.exitCode = FAILED;
        out.print(found ? `Schedule ${given} is no more.` : `There is no schedule ${given}.`);
      });
    });
}

function cellsOf({ schedule_id, organization, format, folder, webhook: url, sent_month, sent_at, error }: Schedule) {
  const to = folder ?? (url === null ? NONE : new URL(url).origin);
  return [schedule_id, organization ?? "all", format, to, sent_at === null ? NONE : sent_month, error ?? NONE];
}

async function requireFolder(folder: string): Promise<void> {
  const found = await stat(folder).catch(() => undefined);
  if (found?.isDirectory()) return;
  throw new UserError(`${folder} is no folder here.`, { hint: "Make it first: mkdir -p …", exitCode: UNUSABLE });
}

function webhook(text: string): string {
  if (URL.canParse(text) && /^https?:$/.test(new URL(text).protocol)) return text;
  throw new InvalidArgumentError("It must look like https://hooks.example/….");
}

function id(text: string): string {
  if (/^\d{1,18}$/.test(text)) return text;
  throw new InvalidArgumentError("It must be a number as `report schedules` lists them.");
}
