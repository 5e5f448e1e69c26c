import { Command } from "@commander-js/extra-typings";
import type { Sql } from "../../database.ts";
import { UserError } from "../../errors.ts";
import { confirm } from "../confirm.ts";
import { counted } from "../format.ts";
import { helpText, UNUSABLE_CODE } from "../help.ts";
import { UNUSABLE } from "../report-error.ts";
import { isMigrated, withDatabase } from "../session.ts";

const HELP = helpText({
  about: `
Removes the triggers, conversation_metrics with its drift view, our functions and the schema metrics, and
the schema graphile_worker where conversation-metrics made it and no job waits in it. The tables
conversations, leads and feedback stay with all their rows. A view of yours over conversation_metrics
stops it, and is named. To have the metrics back, run migrate: it counts everything again.`,
  examples: [
    ["npx conversation-metrics uninstall", "asks first"],
    ["npx conversation-metrics uninstall --yes", "in a script"],
  ],
  exitCodes: [[0, "removed, or nothing was there"], [1, "the server refused, and nothing changed"], UNUSABLE_CODE],
});

/** `uninstall`: removes all that is ours. */
export function uninstallCommand() {
  return new Command("uninstall")
    .description("remove all that is ours; your tables and rows stay as they are")
    .option("-y, --yes", "do not ask")
    .addHelpText("after", HELP)
    .action(async (options, command) => {
      await withDatabase(
        command,
        async ({ sql, out }) => {
          if (!(await isMigrated(sql)))
            return out.print("Nothing to remove: this database has no conversation metrics.");
          if (!options.yes && !(await agreed(sql))) {
            out.print("Nothing was removed.");
            process.exitCode = UNUSABLE;
            return;
          }
          const worker = await uninstall(sql);
          out.print("Removed conversation_metrics, its triggers and the schema metrics.");
          out.print(worker);
          out.print("Your tables are as they were.");
        },
        { migrated: false },
      );
    });
}

async function agreed(sql: Sql): Promise<boolean> {
  const [row] = await sql<[{ database: string; sessions: string }]>`
    select current_database() as database, (select count(*) from public.all_conversation_metrics) as sessions`;
  const answer = await confirm(
    `Remove the metrics of ${counted(row.sessions, "session")} from the database ${row.database}?`,
  );
  if (answer === undefined) {
    throw new UserError("Nobody can be asked here whether to remove the metrics.", {
      hint: "Say it: npx conversation-metrics uninstall --yes",
      exitCode: UNUSABLE,
    });
  }
  return answer;
}

// All or nothing, and says what became of the worker's schema.
async function uninstall(sql: Sql): Promise<string> {
  const { WORKER_SCHEMA_MARK } = await import("../../migrate.ts");
  return sql.begin(async (tx) => {
    await tx`select metrics.uninstall()`;
    const [schema] = await tx<[{ mark: string | null }?]>`
      select obj_description(oid, 'pg_namespace') as mark from pg_namespace where nspname = 'graphile_worker'`;
    if (schema === undefined) return "There was no schema graphile_worker.";
    if (schema.mark !== WORKER_SCHEMA_MARK) return "The schema graphile_worker stays: it was there before us.";
    // Ours are all gone by their triggers' end, so whatever waits there is somebody else's.
    const waiting = await tx`select from graphile_worker.jobs limit 1`;
    if (waiting.count > 0) return "The schema graphile_worker stays: jobs wait in it.";
    await tx`set local client_min_messages = warning`;
    await tx`drop schema graphile_worker cascade`;
    return "Removed the schema graphile_worker, which we had made.";
  });
}
