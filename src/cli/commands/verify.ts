import { Command } from "@commander-js/extra-typings";
import { type Difference, DRIFT_COLUMNS, driftRow, forEachDifference } from "../drift.ts";
import { counted } from "../format.ts";
import { helpText, UNUSABLE_CODE } from "../help.ts";
import { wholeNumber } from "../options.ts";
import { FAILED } from "../report-error.ts";
import { withDatabase } from "../session.ts";
import { commandLine } from "../settings.ts";

const HELP = helpText({
  about: `
Derives every number again from the source tables and compares it with conversation_metrics and the
ledger. It reads one snapshot, so it is right while others write, and blocks nobody.`,
  examples: [
    ["npx conversation-metrics verify", "check everything"],
    ["npx conversation-metrics verify --quiet || alert", "in a script: the exit code says it"],
    ["npx conversation-metrics verify --json", "every difference, for a program"],
  ],
  exitCodes: [[0, "every number is right"], [1, "some differ; repair heals them"], UNUSABLE_CODE],
});

/** `verify`: compares all metrics with their recomputation. */
export function verifyCommand() {
  return new Command("verify")
    .description("compare every number with its recomputation from the source tables")
    .option("--limit <rows>", "how many differences the table shows", wholeNumber(0), 50)
    .option("--json", "print JSON: all differences, whatever --limit says")
    .addHelpText("after", HELP)
    .action(async (options, command) => {
      await withDatabase(command, async ({ sql, out, settings }) => {
        const shown: Difference[] = [];
        const sessions = new Set<string | null>();
        let count = 0;
        if (options.json) out.print('{"differences":[');
        await forEachDifference(sql, (difference) => {
          sessions.add(difference.session_key);
          if (options.json) out.print(`${count === 0 ? "" : ","}${JSON.stringify(difference)}`);
          else if (shown.length < options.limit) shown.push(difference);
          count += 1;
        });
        if (count > 0) process.exitCode = FAILED;
        if (options.json) return out.print(`],"count":${count},"sessions":${sessions.size}}`);
        if (count === 0) return out.print("Every number is right.");
        if (shown.length > 0) out.table(DRIFT_COLUMNS, shown.map(driftRow));
        if (count > shown.length)
          out.note(`… and ${counted(count - shown.length, "more difference")} (--limit, --json)`);
        out.print(`${counted(count, "difference")} in ${counted(sessions.size, "session")}.`);
        out.note(`Heal them: ${commandLine(settings, "repair")}`);
      });
    });
}
