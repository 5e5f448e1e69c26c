import { Command } from "@commander-js/extra-typings";
import { backfillKind, KINDS } from "../../backfill.ts";
import { counted, integer } from "../format.ts";
import { helpText, UNUSABLE_CODE } from "../help.ts";
import { wholeNumber } from "../options.ts";
import { startProgress } from "../progress.ts";
import { type Session, withDatabase } from "../session.ts";

const HELP = helpText({
  about: `
Counts the rows that were written before the triggers were there. It goes in batches, each in a
transaction of its own, so no writer waits for longer than one batch of the session it writes to, and
the numbers stay exact while others write. It may be stopped (Ctrl-C) and run again at any time: what
is counted already is passed over.`,
  examples: [
    ["npx conversation-metrics backfill", "count what is not counted yet"],
    ["npx conversation-metrics backfill --batch-size 200", "smaller steps, shorter waits for writers"],
    ["npx conversation-metrics backfill --blocking", "in one pass; writers wait until it is done"],
  ],
  exitCodes: [[0, "all is counted"], [1, "a statement failed; what was counted until then stays"], UNUSABLE_CODE],
});

/** `backfill`: counts rows that were there before the triggers. */
export function backfillCommand() {
  return new Command("backfill")
    .description("count rows that were there before the triggers, without blocking writers")
    .option("--batch-size <rows>", "rows in one transaction", wholeNumber(1), 1000)
    .option("--blocking", "in one pass that lets writers wait: the fastest where nobody writes")
    .option("--json", "print JSON")
    .addHelpText("after", HELP)
    .action(async (options, command) => {
      const run = options.blocking ? blocking : inBatches;
      await withDatabase(command, (session) => run(session, options));
    });
}

type Options = { batchSize: number; json?: true | undefined };

async function blocking({ sql, out }: Session, options: Options): Promise<void> {
  out.note("Counting in one pass; writers wait until it is done.");
  const before = performance.now();
  await sql`select metrics.backfill()`;
  const seconds = (performance.now() - before) / 1000;
  out.print(options.json ? JSON.stringify({ seconds }) : `All rows are counted (${seconds.toFixed(1)} s).`);
}

async function inBatches({ sql, out }: Session, options: Options): Promise<void> {
  const report: Record<string, { seen: number; counted: number }> = {};
  for (const kind of KINDS) {
    const progress = await startKind(sql, kind, out.quiet || options.json === true);
    try {
      report[kind] = await backfillKind(sql, { kind, batchSize: options.batchSize, onBatch: progress.update });
    } finally {
      progress.stop();
    }
  }
  if (options.json) return out.print(JSON.stringify(report));
  for (const [kind, { seen, counted: changed }] of Object.entries(report)) {
    out.print(`${kind}: ${counted(seen, "row")} seen, ${integer(changed)} counted now`);
  }
}

async function startKind(sql: Session["sql"], kind: (typeof KINDS)[number], quiet: boolean) {
  // Counting the rows of a very large table takes long itself; the planner's figure is good enough for a bar.
  const [row] = await sql<[{ estimate: number }]>`
    select coalesce(sum(greatest(c.reltuples, 0)), 0)::float8 as estimate
    from metrics.sources as s
    cross join lateral pg_partition_tree(s.relation) as part
    join pg_class as c on c.oid = part.relid
    where s.kind = ${kind} and part.isleaf`;
  const source = sql(`metrics.source_${kind}`);
  const total = row.estimate || Number((await sql`select count(*) from ${source}`)[0]?.count ?? 0);
  return startProgress({ label: kind.padEnd(8), unit: "rows", total, quiet });
}
