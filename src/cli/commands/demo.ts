import { Command } from "@commander-js/extra-typings";
import type { Sql } from "../../database.ts";
import { foreignTables, readColumns } from "../../demo/tables.ts";
import { writeDemo } from "../../demo/write.ts";
import { UserError } from "../../errors.ts";
import { demoReport, printDemo } from "../demo-report.ts";
import { helpText } from "../help.ts";
import { moment, wholeNumber } from "../options.ts";
import { startProgress } from "../progress.ts";
import { UNUSABLE } from "../report-error.ts";
import { isMigrated, type Session, withDatabase } from "../session.ts";
import { commandLine } from "../settings.ts";

const HELP = helpText({
  about: `
Writes conversations, leads and feedback of six tenants over the last 90 days by ordinary INSERT and UPDATE
statements, so that the triggers count them as they would count yours. All its session ids begin with
demo-<seed>-. To remove it:  delete from conversations where session_id like 'demo-%'  (likewise leads and
feedback). The same seed, number and end give the same rows.`,
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
    .option("--sessions <count>", "how many sessions", wholeNumber(1), 2000)
    .option("--seed <number>", "which sessions (default: the first number not used yet)", wholeNumber(0))
    .option("--until <time>", "the end of the 90 days (default: now)", moment)
    .option("--force", "also into tables that were an application's own")
    .option("--json", "print JSON")
    .addHelpText("after", HELP)
    .action(async (options, command) => {
      await withDatabase(command, (session) => runDemo(session, options), { create: true, migrated: false });
    });
}

type Options = {
  sessions: number;
  seed?: number | undefined;
  until?: Date | undefined;
  force?: true | undefined;
  json?: true | undefined;
};

async function runDemo(session: Session, options: Options): Promise<void> {
  const { sql, out } = session;
  await prepare(session);
  if (!options.force) await refuseForeignTables(sql);
  const seed = options.seed ?? (await unusedSeed(sql));
  await refuseUsedSeed(session, seed);

  const before = performance.now();
  const { sessions } = options;
  const quiet = out.quiet || options.json === true;
  const progress = startProgress({ label: "demo", unit: "sessions", total: sessions, quiet });
  try {
    await writeDemo(sql, { sessions, seed, until: options.until ?? new Date() }, progress.update);
  } finally {
    progress.stop();
  }
  const report = await demoReport(sql, seed, (performance.now() - before) / 1000);
  if (options.json) out.print(JSON.stringify(report, null, 2));
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

async function refuseForeignTables(sql: Sql): Promise<void> {
  const foreign = foreignTables(await readColumns(sql));
  if (foreign.length === 0) return;
  throw new UserError(`The demo would write into tables of an application: ${foreign.join(", ")}.`, {
    hint: "Use a database of its own (unset DATABASE_URL for the embedded one), or, if that is meant: demo --force",
    exitCode: UNUSABLE,
  });
}

async function unusedSeed(sql: Sql): Promise<number> {
  const [row] = await sql<[{ seed: number }]>`
    select coalesce(max(substring(session_id::text from '^demo-(\\d{1,9})-')::int), 0) + 1 as seed
    from public.conversation_metrics`;
  return row.seed;
}

async function refuseUsedSeed({ sql, settings }: Session, seed: number): Promise<void> {
  const found = await sql`
    select from public.conversation_metrics where starts_with(session_id::text, ${`demo-${seed}-`}) limit 1`;
  if (found.count === 0) return;
  throw new UserError(`The sessions of seed ${seed} are in this database already.`, {
    hint: `Take another seed, or let it choose: ${commandLine(settings, "demo")}`,
    exitCode: UNUSABLE,
  });
}
