import { Command } from "@commander-js/extra-typings";
import type { Sql } from "../../database.ts";
import { type Difference, DRIFT_COLUMNS, driftRow, forEachDifference } from "../drift.ts";
import { counted } from "../format.ts";
import { helpText, UNUSABLE_CODE } from "../help.ts";
import { wholeNumber } from "../options.ts";
import { withDatabase } from "../session.ts";

const HELP = helpText({
  about: `
Finds what verify finds, derives those sessions again, and says what it healed: the values before and
after. It touches nothing else, and only writers of the sessions that it heals wait for it.`,
  examples: [
    ["npx conversation-metrics repair", "heal all that differs"],
    ["npx conversation-metrics repair --dry-run", "say what would be healed"],
    ["npx conversation-metrics repair --max-sessions 1000", "a part, where very much differs"],
  ],
  exitCodes: [[0, "healed, or nothing to heal"], [1, "a statement failed and nothing changed"], UNUSABLE_CODE],
});

const SHOWN = 50;

/** `repair`: heals what verify finds. */
export function repairCommand() {
  return new Command("repair")
    .description("heal the numbers that verify finds wrong, and say which")
    .option("--dry-run", "say what would be healed, and change nothing")
    .option("--max-sessions <count>", "heal at most so many sessions", wholeNumber(1))
    .option("--json", "print JSON")
    .addHelpText("after", HELP)
    .action(async (options, command) => {
      await withDatabase(command, async ({ sql, out }) => {
        const found = options.dryRun ? await listDrift(sql) : await repair(sql, options.maxSessions);
        const sessions = new Set(found.map((difference) => difference.session_key)).size;
        if (options.json) {
          const report = { healed: !options.dryRun, count: found.length, sessions, differences: found };
          return out.print(JSON.stringify(report));
        }
        if (found.length === 0) return out.print("Nothing to heal: every number is right.");
        const columns = DRIFT_COLUMNS.map((column) =>
          column.name === "actual" ? { ...column, name: "healed to" } : column,
        );
        out.table(options.dryRun ? DRIFT_COLUMNS : columns, found.slice(0, SHOWN).map(driftRow));
        if (found.length > SHOWN)
          out.note(`… and ${counted(found.length - SHOWN, "more difference")} (--json shows all)`);
        const verb = options.dryRun ? "Would heal" : "Healed";
        out.print(`${verb} ${counted(found.length, "difference")} in ${counted(sessions, "session")}.`);
      });
    });
}

async function repair(sql: Sql, maxSessions: number | undefined): Promise<Difference[]> {
  return sql<Difference[]>`
    select organization_id::text, session_id::text, column_name, stored, actual, session_key
    from metrics.repair(${maxSessions ?? null})`;
}

async function listDrift(sql: Sql): Promise<Difference[]> {
  const found: Difference[] = [];
  await forEachDifference(sql, (difference) => found.push(difference));
  return found;
}
