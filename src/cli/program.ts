import { Command, type CommanderError, type CommandUnknownOpts } from "@commander-js/extra-typings";
import { packageVersion } from "../version.ts";
import { archiveCommand } from "./commands/archive.ts";
import { attachCommand } from "./commands/attach.ts";
import { backfillCommand } from "./commands/backfill.ts";
import { demoCommand } from "./commands/demo.ts";
import { detachCommand } from "./commands/detach.ts";
import { doctorCommand } from "./commands/doctor.ts";
import { encodingsCommand } from "./commands/encodings.ts";
import { eraseCommand } from "./commands/erase.ts";
import { keysCommand } from "./commands/keys.ts";
import { migrateCommand } from "./commands/migrate.ts";
import { pricesCommand } from "./commands/prices.ts";
import { readersCommand } from "./commands/readers.ts";
import { recentCommand } from "./commands/recent.ts";
import { recountCommand } from "./commands/recount.ts";
import { repairCommand } from "./commands/repair.ts";
import { reportCommand } from "./commands/report.ts";
import { sessionCommand } from "./commands/session.ts";
import { sqlCommand } from "./commands/sql.ts";
import { startCommand } from "./commands/start.ts";
import { statusCommand } from "./commands/status.ts";
import { uninstallCommand } from "./commands/uninstall.ts";
import { verifyCommand } from "./commands/verify.ts";
import { workerCommand } from "./commands/worker.ts";
import { helpWidth, wrapProse } from "./help.ts";
import { databaseUrl } from "./options.ts";
import { UNUSABLE } from "./report-error.ts";

const GROUPS = {
  "Set up:": [startCommand, migrateCommand, backfillCommand, demoCommand, uninstallCommand],
  "Your own tables:": [attachCommand, detachCommand],
  "Count tokens:": [workerCommand, encodingsCommand, recountCommand],
  "Who may read, and what:": [keysCommand, readersCommand, eraseCommand],
  "Keep small:": [archiveCommand],
  "Look:": [statusCommand, recentCommand, sessionCommand, sqlCommand, pricesCommand, reportCommand],
  "Check:": [doctorCommand, verifyCommand, repairCommand],
};

/** The command line of conversation-metrics; parsing it runs a command. */
export function createProgram() {
  const program = new Command("conversation-metrics")
    .description("One row of metrics per conversation, kept exact inside PostgreSQL.")
    .version(packageVersion(), "-V, --version", "print the version")
    .helpOption("-h, --help", "explain a command")
    .option(
      "--database-url <url>",
      "the database to use (default: DATABASE_URL, else the embedded server of this folder)",
      databaseUrl,
    )
    .option("-q, --quiet", "print results and errors only")
    .option("--debug", "print the stack of an error, and what goes on")
    .commandsGroup("Help:")
    .addHelpText("after", () => `\n${wrapProse(AFTER, helpWidth())}`);
  for (const [heading, commands] of Object.entries(GROUPS)) {
    for (const create of commands) program.addCommand(create().helpGroup(heading));
  }
  finish(program, program.name());
  return program;
}

// Commands may have commands of their own.
function finish(command: CommandUnknownOpts, line: string): void {
  command
    // Descriptions are wrapped beside wide options too.
    .configureHelp({ showGlobalOptions: true, minWidthToWrap: 20 })
    .configureOutput({ getOutHelpWidth: helpWidth, getErrHelpWidth: helpWidth })
    .showHelpAfterError(`hint: npx ${line} --help`)
    .exitOverride(endWithUsage);
  for (const inner of command.commands) finish(inner, `${line} ${inner.name()}`);
}

// commander has printed its message by now; a wrong command line is 2 here, not its 1.
function endWithUsage(error: CommanderError): never {
  process.exit(error.exitCode === 0 ? 0 : UNUSABLE);
}

const AFTER = `
Without DATABASE_URL the commands use the embedded PostgreSQL in .data/ (DATA_DIR), and start it
for as long as they run where it does not run yet.

Exit codes: 0 all is well; 1 a check or a statement failed; 2 wrong options, no database, or no way to it.

Begin with:  npx conversation-metrics start`;
