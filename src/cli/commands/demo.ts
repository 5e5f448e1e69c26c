import { Command } from "@commander-js/extra-typings";
import { UserError } from "../../errors.ts";
import { DEMO_SESSIONS, type DemoOptions, fillDemo } from "../demo-data.ts";
import { demoReport, printDemo } from "../demo-report.ts";
import { helpText } from "../help.ts";
import { moment, wholeNumber } from "../options.ts";
import { UNUSABLE } from "../report-error.ts";
import { isMigrated, type Session, withDatabase } from "../session.ts";
import { commandLine } from "../settings.ts";

const HELP = helpText({
  about: `
Writes conversations, leads and feedback of six tenants over the last 90 days by ordinary INSERT and UPDATE
statements, so that the triggers count them as they would count yours. All its session ids begin with
demo-<seed>-. The same seed, number and end give the same rows.

To remove it, and likewise from leads and feedback:
  delete from conversations where session_id like 'demo-%'`,
  examples: [
    ["npx conversation-metrics demo", "2,000 sessions"],
    ["npx conversation-metrics demo --sessions 50000", "more, to see how it behaves"],
    ["npx conversation-metrics demo --seed 7 --until 2025-06-30", "the same on every machine"],
  ],
  exitCodes: [
    [0, "written"],
    [1, "a statement failed"],
    [2, "the tables are an application's own (--force), that seed is there already, or no database"],
  ],
});

/** `demo`: realistic data, to see something. */
export function demoCommand() {
  return new Command("demo")
    .description("write realistic conversations, leads and feedback of the last 90 days")
    .option("--sessions <count>", "how many sessions", wholeNumber(1), DEMO_SESSIONS)
    .option("--seed <number>", "which sessions (default: the first number not used yet)", wholeNumber(0))
    .option("--until <time>", "the end of the 90 days (default: now)", moment)
    .option("--force", "also into tables that were an application's own")
    .option("--json", "print JSON")
    .addHelpText("after", HELP)
    .action(async (options, command) => {
      await withDatabase(command, (session) => runDemo(session, options), { create: true, migrated: false });
    });
}

async function runDemo(session: Session, options: DemoOptions): Promise<void> {
  await prepare(session);
  const { seed, seconds } = await fillDemo(session, options);
  const report = await demoReport(session.sql, seed, seconds);
  if (options.json) session.out.print(JSON.stringify(report, null, 2));
  else printDemo(session, report);
}

// The embedded server is there to try things: it needs no command of its own first.
async function prepare({ sql, url, embedded, settings, out }: Session): Promise<void> {
  if (await isMigrated(sql)) return;
  if (!embedded) {
    throw new UserError("This database has no conversation metrics yet, so the demo would show nothing.", {
      hint: `Install them: ${commandLine(settings, "migrate")}`,
      exitCode: UNUSABLE,
    });
  }
  const { migrate } = await import("../../migrate.ts");
  await migrate({ databaseUrl: url, log: settings.log, onNotice: out.note });
}
