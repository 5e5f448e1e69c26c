import { Command } from "@commander-js/extra-typings";
import type { MigrationStatus } from "../../migrate.ts";
import { packageVersion } from "../../version.ts";
import { average, counted, decimal, duration, integer, NONE, toSecond } from "../format.ts";
import { helpText, UNUSABLE_CODE } from "../help.ts";
import { printPairs } from "../pairs.ts";
import { readRollupState, rollupLine } from "../rollup-state.ts";
import { withDatabase } from "../session.ts";
import { readSourceStates, sourceLines } from "../source-state.ts";
import { chooseSources, sourceOption } from "../sources.ts";
import { tokenLines } from "../token-lines.ts";
import { readTokenState, type TokenState } from "../token-state.ts";
import { readTotals, type Totals } from "../totals.ts";

const HELP = helpText({
  examples: [
    ["npx conversation-metrics status", "what is counted, and what it takes"],
    ["npx conversation-metrics status --json", "the same for a program"],
  ],
  exitCodes: [[0, "shown"], [1, "a statement failed"], UNUSABLE_CODE],
});

/** `status`: totals, size and versions. */
export function statusCommand() {
  return new Command("status")
    .description("totals, recent changes, size and versions")
    .addOption(sourceOption())
    .option("--json", "print JSON")
    .addHelpText("after", HELP)
    .action(async (options, command) => {
      await withDatabase(command, async (session) => {
        const { sql, url, out } = session;
        const sources = await chooseSources(session, options.source);
        const totals = await readTotals(sql, sources);
        const state = await readTokenState(sql, sources);
        const rollups = await readRollupState(sql, sources);
        const states = await readSourceStates(sql, sources);
        const { migrationStatus } = await import("../../migrate.ts");
        const migrations = await migrationStatus({ databaseUrl: url });
        const version = packageVersion();
        if (options.json) {
          const names = { applied: migrations.applied.map(({ name }) => name), pending: migrations.pending };
          return out.print(
            JSON.stringify({ ...totals, ...state, rollups, sources: states, version, migrations: names }, null, 2),
          );
        }
        printPairs(out, [
          ...countLines(totals, state),
          rollupLine(rollups),
          ...sourceLines(states),
          ...systemLines(totals, migrations, version),
        ]);
      });
    });
}

function countLines(totals: Totals, state: TokenState): [string, string][] {
  return [
    ["sessions", `${integer(totals.sessions)} in ${counted(totals.organizations, "organization")}`],
    ["changed", `${counted(totals.sessions_changed_5min, "session")} in the last 5 minutes`],
    [
      "messages",
      `${integer(totals.total_messages)} (${integer(totals.user_messages)} by users, ${integer(totals.ai_messages)} by the AI)`,
    ],
    [
      "tokens",
      `${integer(totals.total_tokens)} (${integer(totals.prompt_tokens)} prompt, ${integer(totals.completion_tokens)} completion)`,
    ],
    ...tokenLines(state),
    ["response", average(duration(totals.average_response_time), totals.responses, "answer")],
    ["leads", `${counted(totals.sessions_with_lead, "session")} with a lead`],
    ["rating", average(decimal(totals.user_satisfaction, 2), totals.ratings, "rating")],
    ["period", totals.first === null ? NONE : `${toSecond(totals.first)} to ${toSecond(totals.last ?? NONE)}`],
  ];
}

function systemLines(totals: Totals, migrations: MigrationStatus, version: string): [string, string][] {
  const pending =
    migrations.pending.length === 0 ? "none pending" : `${migrations.pending.length} pending: run migrate`;
  return [
    [
      "size",
      `${totals.metrics_size} metrics, ${totals.ledger_size} ledger, beside ${totals.source_size} of your tables`,
    ],
    ["database", `${totals.database}, PostgreSQL ${totals.server_version}`],
    ["version", `conversation-metrics ${version}, ${counted(migrations.applied.length, "migration")}, ${pending}`],
  ];
}
