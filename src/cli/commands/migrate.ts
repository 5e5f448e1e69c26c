import { Command } from "@commander-js/extra-typings";
import type { MigrationStatus } from "../../migrate.ts";
import { counted } from "../format.ts";
import { helpText, UNUSABLE_CODE } from "../help.ts";
import type { Output } from "../output.ts";
import { type Session, withDatabase } from "../session.ts";
import { commandLine } from "../settings.ts";

const HELP = helpText({
  about: `
Makes conversations, leads and feedback where they do not exist, adopts them as they stand where they
do, installs the triggers and counts what the tables hold. All or nothing: an error leaves the database
as it was. Counting waits for writers and lets them wait; on a large table that is in use, leave it
out and run backfill, which blocks nobody.`,
  examples: [
    ["npx conversation-metrics migrate", "bring the database up to date"],
    ["npx conversation-metrics migrate --status", "what has run, and what would"],
    ["npx conversation-metrics migrate --no-backfill", "install now, count later"],
    ["npx conversation-metrics migrate --replace-existing", "rename a table conversation_metrics of your own first"],
    [
      "npx conversation-metrics migrate --attach-only",
      "your tables have other names or shapes: attach them afterwards",
    ],
  ],
  exitCodes: [
    [0, "the database is up to date"],
    [1, "a migration failed and nothing changed; with --status: some are pending"],
    UNUSABLE_CODE,
  ],
});

/** `migrate`: brings the database up to date. */
export function migrateCommand() {
  return new Command("migrate")
    .description("install or update the metrics in a database")
    .option("--status", "show which migrations have run and which would, and change nothing")
    .option("--replace-existing", "rename a table conversation_metrics that is not ours, instead of refusing")
    .option("--attach-only", "leave conversations, leads and feedback alone, whatever they are; attach sources then")
    .option("--no-backfill", "do not count existing rows yet; run backfill afterwards")
    .option("--json", "print JSON")
    .addHelpText("after", HELP)
    .action(async (options, command) => {
      const run = options.status ? showStatus : runMigrations;
      await withDatabase(command, (session) => run(session, options), {
        create: !options.status,
        migrated: false,
      });
    });
}

type Options = {
  replaceExisting?: true | undefined;
  attachOnly?: true | undefined;
  backfill: boolean;
  json?: true | undefined;
};

async function runMigrations(session: Session, options: Options): Promise<void> {
  const { url, out, settings } = session;
  const { migrate } = await import("../../migrate.ts");
  const notices: string[] = [];
  const ran = await migrate({
    databaseUrl: url,
    replaceExisting: options.replaceExisting ?? false,
    backfill: options.backfill,
    adopt: !options.attachOnly,
    log: settings.log,
    onNotice: (message) => notices.push(message),
  });
  if (options.json) return out.print(JSON.stringify({ ran, notices }));
  // What happened to a table of the application must be seen, also with --quiet.
  for (const notice of notices) out.print(notice);
  for (const name of ran) out.print(`Ran ${name}`);
  out.print(ran.length === 0 ? "The database is up to date." : `${counted(ran.length, "migration")} ran.`);
  if (options.attachOnly && ran.length > 0) {
    out.note(`Nothing is counted yet. Attach your tables: ${commandLine(settings, "attach --help")}`);
  } else if (!options.backfill && ran.length > 0) {
    out.note(`Rows that were there before are not counted yet. Count them: ${commandLine(settings, "backfill")}`);
  }
}

async function showStatus({ url, out, settings }: Session, options: Options): Promise<void> {
  const { migrationStatus } = await import("../../migrate.ts");
  const status = await migrationStatus({ databaseUrl: url });
  if (status.pending.length > 0) process.exitCode = 1;
  if (options.json) return out.print(JSON.stringify(status));
  printStatus(status, out);
  if (status.pending.length > 0) out.note(`Run what is pending: ${commandLine(settings, "migrate")}`);
}

function printStatus({ applied, pending }: MigrationStatus, out: Output): void {
  const rows = applied.map(({ name, runOn }) => [
    name,
    `ran ${runOn.toISOString().slice(0, 19).replace("T", " ")} UTC`,
  ]);
  const columns = [{ name: "migration" }, { name: "state" }];
  out.table(columns, [...rows, ...pending.map((name) => [name, "pending"])]);
}
