import { styleText } from "node:util";
import { Command } from "@commander-js/extra-typings";
import { type Check, runChecks } from "../checks.ts";
import { helpText, UNUSABLE_CODE } from "../help.ts";
import { FAILED } from "../report-error.ts";
import { withDatabase } from "../session.ts";
import { sourceOption } from "../sources.ts";

const HELP = helpText({
  about: `
Looks for what makes metrics go missing or wrong: triggers that are absent or disabled, rows without a
session, rows that a mapping fails on, duplicates, drift in the sessions that changed last,
migrations that have not run. Each finding comes with its cure. It changes nothing.
With --quiet it prints only what is not right.`,
  examples: [
    ["npx conversation-metrics doctor", "when numbers do not appear or look wrong"],
    ["npx conversation-metrics doctor --quiet || alert", "in a script: nothing where all is right"],
    ["npx conversation-metrics doctor --json", "for a monitor"],
  ],
  exitCodes: [[0, "no check failed"], [1, "one did"], UNUSABLE_CODE],
});

/** `doctor`: finds what is wrong, and says what to do. */
export function doctorCommand() {
  return new Command("doctor")
    .description("find what is wrong, and what to do about it")
    .addOption(sourceOption())
    .option("--json", "print JSON")
    .addHelpText("after", HELP)
    .action(async (options, command) => {
      await withDatabase(
        command,
        async (session) => {
          const checks = await runChecks(session, options.source);
          if (checks.some((check) => !check.ok)) process.exitCode = FAILED;
          if (options.json) return session.out.print(JSON.stringify(checks, null, 2));
          const shown = session.out.quiet ? checks.filter(({ ok }) => !ok) : checks;
          for (const check of shown) session.out.print(describe(check));
        },
        { migrated: false },
      );
    });
}

function describe({ check_name, ok, finding, cure }: Check): string {
  const mark = ok ? styleText("green", "ok    ") : styleText("red", "FAILED");
  const line = `${mark}  ${check_name}: ${finding}`;
  // What passes may have advice too, for those who did not mean it so.
  return cure === null ? line : `${line}\n        ${styleText("cyan", ok ? "note:" : "cure:")} ${cure}`;
}
