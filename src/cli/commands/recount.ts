import { Command } from "@commander-js/extra-typings";
import { recount, retryGivenUp } from "../../recount.ts";
import { counted } from "../format.ts";
import { helpText, UNUSABLE_CODE } from "../help.ts";
import { wholeNumber } from "../options.ts";
import { startProgress } from "../progress.ts";
import { type Session, withDatabase } from "../session.ts";
import { commandLine } from "../settings.ts";

const HELP = helpText({
  about: `
After a change of the encodings: finds the messages that were counted with another encoding than their
model's and makes estimates of them, so that a worker counts them again. All others keep their counts.
It goes in batches and may be stopped and run again.`,
  examples: [
    ["npx conversation-metrics recount", "count again what the encodings now say otherwise"],
    ["npx conversation-metrics recount --given-up", "also what could not be counted"],
    ["npx conversation-metrics worker --once", "then: count now"],
  ],
  exitCodes: [[0, "all is looked through"], [1, "a statement failed; what was done until then stays"], UNUSABLE_CODE],
});

/** `recount`: has messages counted again whose encoding changed. */
export function recountCommand() {
  return new Command("recount")
    .description("count messages again after a change of the encodings")
    .option("--batch-size <rows>", "rows in one transaction", wholeNumber(1), 1000)
    .option("--given-up", "also messages that could not be counted")
    .option("--json", "print JSON")
    .addHelpText("after", HELP)
    .action(async (options, command) => {
      await withDatabase(command, (session) => run(session, options));
    });
}

type Options = { batchSize: number; givenUp?: true | undefined; json?: true | undefined };

async function run({ sql, out, settings }: Session, options: Options): Promise<void> {
  const [row] = await sql<[{ total: number }]>`select count(*)::float8 as total from metrics.messages`;
  const quiet = out.quiet || options.json === true;
  const progress = startProgress({ label: "messages", unit: "rows", total: row.total, quiet });
  const { seen, changed } = await recount(sql, { batchSize: options.batchSize, onBatch: progress.update }).finally(
    progress.stop,
  );
  const retried = options.givenUp ? await retryGivenUp(sql) : 0;
  if (options.json) return out.print(JSON.stringify({ seen, changed, retried }));
  out.print(`${counted(changed + retried, "row")} to be counted again, of ${counted(seen, "row")}.`);
  if (changed + retried > 0)
    out.note(`A running worker does it; without one: ${commandLine(settings, "worker --once")}`);
}
