import { Command } from "@commander-js/extra-typings";
import type { Sql } from "../../database.ts";
import type { Source } from "../../sources.ts";
import { type Difference, driftColumns, driftRow, forEachDifference } from "../drift.ts";
import { counted } from "../format.ts";
import { helpText, UNUSABLE_CODE } from "../help.ts";
import { wholeNumber } from "../options.ts";
import { FAILED } from "../report-error.ts";
import { withDatabase } from "../session.ts";
import { commandLine } from "../settings.ts";
import { chooseSources, sourceOption } from "../sources.ts";

const HELP = helpText({
  about: `
Derives every number again from the source tables and compares it with conversation_metrics and the
ledger, in every source. It reads one snapshot of each, so it is right while others write, and blocks nobody.`,
  examples: [
    ["npx conversation-metrics verify", "check everything"],
    ["npx conversation-metrics verify --quiet || alert", "in a script: the exit code says it"],
    ["npx conversation-metrics verify --json", "every difference, for a program"],
  ],
  exitCodes: [
    [0, "every number is right"],
    [1, "some differ; backfill counts what never was, repair heals the rest"],
    UNUSABLE_CODE,
  ],
});

/** `verify`: compares all metrics with their recomputation. */
export function verifyCommand() {
  return new Command("verify")
    .description("compare every number with its recomputation from the source tables")
    .addOption(sourceOption())
    .option("--limit <rows>", "how many differences the table shows", wholeNumber(0), 50)
    .option("--json", "print JSON: all differences, whatever --limit says")
    .addHelpText("after", HELP)
    .action(async (options, command) => {
      await withDatabase(command, async (session) => {
        const { sql, out, settings } = session;
        const sources = await chooseSources(session, options.source);
        const shown: Difference[] = [];
        const sessions = new Set<string>();
        let count = 0;
        if (options.json) out.print('{"differences":[');
        const visit = (difference: Difference) => {
          sessions.add(`${difference.source} ${difference.session_key}`);
          if (options.json) out.print(`${count === 0 ? "" : ","}${JSON.stringify(difference)}`);
          else if (shown.length < options.limit) shown.push(difference);
          count += 1;
        };
        for (const source of sources) await forEachDifference(sql, source, visit);
        if (count > 0) process.exitCode = FAILED;
        if (options.json) return out.print(`],"count":${count},"sessions":${sessions.size}}`);
        if (count === 0) return out.quiet ? undefined : out.print("Every number is right.");
        if (shown.length > 0)
          out.table(
            driftColumns(sources),
            shown.map((difference) => driftRow(sources, difference)),
          );
        if (count > shown.length)
          out.note(`… and ${counted(count - shown.length, "more difference")} (--limit, --json)`);
        out.print(`${counted(count, "difference")} in ${counted(sessions.size, "session")}.`);
        const uncounted = await hasUncounted(sql, sources);
        out.note(
          uncounted
            ? `Rows were never counted. Count them, which blocks nobody: ${commandLine(settings, "backfill")}`
            : `Heal them: ${commandLine(settings, "repair")}`,
        );
      });
    });
}

async function hasUncounted(sql: Sql, sources: Source[]): Promise<boolean> {
  for (const { schema } of sources) {
    const [row] = await sql<[{ uncounted: boolean }]>`select ${sql(`${schema}.has_uncounted`)}() as uncounted`;
    if (row.uncounted) return true;
  }
  return false;
}
