import type postgres from "postgres";
import type { Bench, Section } from "../case.ts";
import { expectExact, type Template } from "../databases.ts";
import { count, ratio, seconds } from "../format.ts";
import { readBenchSql } from "../read-sql.ts";
import { interleave, type Ratio, ratioOf } from "../rounds.ts";
import { median } from "../statistics.ts";
import { seedTime } from "./seed.ts";

/** Many rows at once. */
export type BulkWork = {
  /** With {rows} and {sessions} in the place of the numbers. */
  work: string;
  rows: number;
  sessions: number;
  template: Template;
  target: number;
  write: (tx: postgres.TransactionSql) => Promise<void>;
};

const VARIANTS = ["plain", "floor", "engine"] as const;
type Variant = (typeof VARIANTS)[number];

/** Times the work on the plain table, with the hand-written statements after it, and with the engine. */
export async function measureBulk(bench: Bench, work: BulkWork): Promise<Section> {
  const title = work.work.replace("{rows}", count(work.rows)).replace("{sessions}", count(work.sessions));
  const samples = await interleave(bench.scale.longRounds, VARIANTS, async (variant, round) => {
    const ms = await measureVariant(bench, work, variant, round);
    bench.progress(`${title}, round ${round + 1}, ${variant}: ${seconds(ms)}`);
    return ms;
  });
  const seed = await seedTime(bench, work);
  const toFloor = ratioOf(samples("engine"), samples("floor"));
  const row = (variant: Variant) => [
    variant,
    seconds(median(samples(variant))),
    count(work.rows / (median(samples(variant)) / 1000)),
    ratio(ratioOf(samples(variant), samples("plain"))),
    ratio(ratioOf(samples(variant), samples("floor"))),
  ];
  const seedRatio = (to: Variant): Ratio => ratioOf([seed], [median(samples(to))]);
  return {
    title: `${title.charAt(0).toUpperCase()}${title.slice(1)}`,
    about:
      "Begin to commit. The floor writes the rows without triggers, then the ledger and the metrics by one statement " +
      "each, in one transaction. The seed's way writes row by row; it is measured on some rows and multiplied.",
    columns: ["variant", "time", "rows/s", "× plain", "× the floor"],
    rows: [
      row("plain"),
      [
        "seed (≈)",
        seconds(seed),
        count(work.rows / (seed / 1000)),
        ratio(seedRatio("plain")),
        ratio(seedRatio("floor")),
      ],
      row("floor"),
      row("engine"),
    ],
    verdicts: [
      {
        work: title,
        target: `at most ${work.target} × the floor`,
        measured: ratio(toFloor),
        met: toFloor.median <= work.target,
      },
    ],
  };
}

function measureVariant(bench: Bench, work: BulkWork, variant: Variant, round: number): Promise<number> {
  const triggers = variant === "engine" ? "with the engine" : "without triggers";
  return bench.databases.withClone(work.template, triggers, async ({ sql }) => {
    const [{ last }] = await sql<[{ last: string }]>`select coalesce(max(id), 0) as last from conversations`;
    const begin = performance.now();
    await sql.begin(async (tx) => {
      await work.write(tx);
      if (variant !== "floor") return;
      await tx.unsafe(readBenchSql("floor/bulk-ledger.sql"), [last]);
      await tx.unsafe(readBenchSql("floor/bulk-metrics.sql"), [last]);
    });
    const ms = performance.now() - begin;
    if (round === bench.scale.longRounds - 1 && variant !== "plain") await expectExact(sql, `${work.work}, ${variant}`);
    return ms;
  });
}
