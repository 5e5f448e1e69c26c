import { Command } from "@commander-js/extra-typings";
import type { Sql } from "../../database.ts";
import type { Source } from "../../sources.ts";
import { type Difference, driftColumns, driftRow, forEachDifference } from "../drift.ts";
import { counted } from "../format.ts";
import { helpText, UNUSABLE_CODE } from "../help.ts";
import { wholeNumber } from "../options.ts";
import { withDatabase } from "../session.ts";
import { chooseSources, sourceOption } from "../sources.ts";

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
    .addOption(sourceOption())
    .option("--max-sessions <count>", "heal at most so many sessions of each source", wholeNumber(1))
    .option("--json", "print JSON")
    .addHelpText("after", HELP)
    .action(async (options, command) => {
      await withDatabase(command, async (session) => {
        const { sql, out } = session;
        const sources = await chooseSources(session, options.source);
        const found: Difference[] = [];
        for (const source of sources) {
          found.push(...(await (options.dryRun ? listDrift(sql, source) : repair(sql, source, options.maxSessions))));
        }
        const sessions = new Set(found.map(({ source, session_key }) => `${source} ${session_key}`)).size;
        if (options.json) {
          const report = { healed: !options.dryRun, count: found.length, sessions, differences: found };
          return out.print(JSON.stringify(report));
        }
        if (found.length === 0) return out.print("Nothing to heal: every number is right.");
        const columns = driftColumns(sources).map((column) =>
          column.name === "actual" && !options.dryRun ? { ...column, name: "healed to" } : column,
        );
        out.table(
          columns,
          found.slice(0, SHOWN).map((difference) => driftRow(sources, difference)),
        );
        if (found.length > SHOWN)
          out.note(`… and ${counted(found.length - SHOWN, "more difference")} (--json shows all)`);
        const verb = options.dryRun ? "Would heal" : "Healed";
        out.print(`${verb} ${counted(found.length, "difference")} in ${counted(sessions, "session")}.`);
      });
    });
}

async function repair(sql: Sql, { name, schema }: Source, maxSessions: number | undefined): Promise<Difference[]> {
  return sql<Difference[]>`
    select ${name} as source, organization_id::text, session_id::text, column_name, stored, actual, session_key
    from ${sql(`${schema}.repair`)}(${maxSessions ?? null})`;
}

async function listDrift(sql: Sql, source: Source): Promise<Difference[]> {
  const found: Difference[] = [];
  await forEachDifference(sql, source, (difference) => found.push(difference));
  return found;
}
