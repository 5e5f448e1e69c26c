import { Command } from "@commander-js/extra-typings";
import { recount, retryGivenUp } from "../../recount.ts";
import { counted } from "../format.ts";
import { helpText, UNUSABLE_CODE } from "../help.ts";
import { wholeNumber } from "../options.ts";
import { startProgress } from "../progress.ts";
import { type Session, withDatabase } from "../session.ts";
import { commandLine } from "../settings.ts";
import { chooseSources, sourceOption } from "../sources.ts";

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
    .addOption(sourceOption())
    .option("--json", "print JSON")
    .addHelpText("after", HELP)
    .action(async (options, command) => {
      await withDatabase(command, (session) => run(session, options));
    });
}

type Options = {
  batchSize: number;
  givenUp?: true | undefined;
  source?: string | undefined;
  json?: true | undefined;
};

async function run(session: Session, options: Options): Promise<void> {
  const { sql, out, settings } = session;
  let [seen, changed, retried] = [0, 0, 0];
  for (const source of await chooseSources(session, options.source)) {
    const [row] = await sql<[{ total: number }]>`
      select count(*)::float8 as total from ${sql(`${source.schema}.messages`)}`;
    const quiet = out.quiet || options.json === true;
    const label = source.name === "default" ? "messages" : `${source.name} messages`;
    const progress = startProgress({ label, unit: "rows", total: row.total, quiet });
    const { batchSize } = options;
    const done = await recount(sql, { source, batchSize, onBatch: progress.update }).finally(progress.stop);
    seen += done.seen;
    changed += done.changed;
    retried += options.givenUp ? await retryGivenUp(sql, source) : 0;
  }
  if (options.json) return out.print(JSON.stringify({ seen, changed, retried }));
  out.print(`${counted(changed + retried, "row")} to be counted again, of ${counted(seen, "row")}.`);
  if (changed + retried > 0)
    out.note(`A running worker does it; without one: ${commandLine(settings, "worker --once")}`);
}
