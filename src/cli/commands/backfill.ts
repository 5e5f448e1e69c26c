import { Command } from "@commander-js/extra-typings";
import { backfillKind, KINDS, type Kind } from "../../backfill.ts";
import type { Source } from "../../sources.ts";
import { counted, integer } from "../format.ts";
import { helpText, UNUSABLE_CODE } from "../help.ts";
import { wholeNumber } from "../options.ts";
import { startProgress } from "../progress.ts";
import { type Session, withDatabase } from "../session.ts";
import { chooseSources, sourceOption } from "../sources.ts";

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
    .addOption(sourceOption())
    .option("--json", "print JSON")
    .addHelpText("after", HELP)
    .action(async (options, command) => {
      const run = options.blocking ? blocking : inBatches;
      await withDatabase(command, async (session) =>
        run(session, await chooseSources(session, options.source), options),
      );
    });
}

type Options = { batchSize: number; json?: true | undefined };

async function blocking({ sql, out }: Session, sources: Source[], options: Options): Promise<void> {
  out.note("Counting in one pass; writers wait until it is done.");
  const before = performance.now();
  for (const { schema } of sources) await sql`select ${sql(`${schema}.backfill`)}()`;
  const seconds = (performance.now() - before) / 1000;
  out.print(options.json ? JSON.stringify({ seconds }) : `All rows are counted (${seconds.toFixed(1)} s).`);
}

type Done = { seen: number; counted: number };

async function inBatches({ sql, out }: Session, sources: Source[], options: Options): Promise<void> {
  const report: Record<string, Record<Kind, Done>> = {};
  for (const source of sources) {
    const done = { messages: NOTHING, leads: NOTHING, feedback: NOTHING };
    for (const kind of KINDS) {
      const progress = await startKind(sql, source, kind, out.quiet || options.json === true);
      const { batchSize } = options;
      done[kind] = await backfillKind(sql, { source, kind, batchSize, onBatch: progress.update }).finally(
        progress.stop,
      );
    }
    report[source.name] = done;
  }
  if (options.json) return out.print(JSON.stringify(report));
  for (const [name, done] of Object.entries(report)) {
    for (const kind of KINDS) {
      const { seen, counted: changed } = done[kind];
      const of = sources.length === 1 ? "" : `${name} `;
      out.print(`${of}${kind}: ${counted(seen, "row")} seen, ${integer(changed)} counted now`);
    }
  }
}

const NOTHING: Done = { seen: 0, counted: 0 };

async function startKind(sql: Session["sql"], { name, schema }: Source, kind: Kind, quiet: boolean) {
  // Counting the rows of a very large table takes long itself; the planner's figure is good enough for a bar.
  const [row] = await sql<[{ estimate: number }]>`
    select coalesce(sum(greatest(c.reltuples, 0)), 0)::float8 as estimate
    from ${sql(`${schema}.sources`)} as s
    cross join lateral pg_partition_tree(s.relation) as part
    join pg_class as c on c.oid = part.relid
    where s.kind = ${kind} and part.isleaf`;
  const rows = sql(`${schema}.source_${kind}`);
  const total = row.estimate || Number((await sql`select count(*) from ${rows}`)[0]?.count ?? 0);
  const label = name === "default" ? kind.padEnd(8) : `${name} ${kind}`;
  return startProgress({ label, unit: "rows", total, quiet });
}
