import type { Sql } from "../../src/database.ts";
import { measureBesideWriter } from "../bulk/beside-writer.ts";
import type { Bench, Case, Section } from "../case.ts";
import { expectExact } from "../databases.ts";
import { count, ratio, seconds } from "../format.ts";
import { readBenchSql } from "../read-sql.ts";
import { interleave, ratioOf } from "../rounds.ts";
import { median } from "../statistics.ts";
import { uncounted } from "../templates.ts";

const TARGET = 1.5;
const VARIANTS = ["floor", "engine"] as const;

/** Counting what was there before the triggers were. */
export const backfill: Case = {
  name: "backfill",
  summary: "backfill in one pass, and in batches beside a writer",
  run: async (bench) => [await measureOnePass(bench), await measureBesideWriter(bench)],
};

async function measureOnePass(bench: Bench): Promise<Section> {
  const { backfillRows, backfillSessions, longRounds } = bench.scale;
  const work = `backfill of ${count(backfillRows)} rows`;
  const samples = await interleave(longRounds, VARIANTS, async (variant, round) => {
    const ms = await bench.databases.withClone(
      uncounted(backfillRows, backfillSessions),
      "with the engine",
      async ({ sql }) => {
        const begin = performance.now();
        if (variant === "engine") await sql`select metrics.backfill()`;
        else await countByHand(sql);
        const time = performance.now() - begin;
        if (round === longRounds - 1) await expectExact(sql, `${work}, ${variant}`);
        return time;
      },
    );
    bench.progress(`${work}, round ${round + 1}, ${variant}: ${seconds(ms)}`);
    return ms;
  });
  const toFloor = ratioOf(samples("engine"), samples("floor"));
  return {
    title: `B${work.slice(1)} in ${count(backfillSessions)} sessions`,
    about:
      `Medians of ${longRounds} rounds. The engine: metrics.backfill(). The floor: the ledger and the metrics by one ` +
      "hand-written statement each, in one transaction.",
    columns: ["variant", "time", "rows/s", "× the floor"],
    rows: VARIANTS.map((variant) => [
      variant,
      seconds(median(samples(variant))),
      count(backfillRows / (median(samples(variant)) / 1000)),
      ratio(ratioOf(samples(variant), samples("floor"))),
    ]),
    verdicts: [
      { work, target: `at most ${TARGET} × the floor`, measured: ratio(toFloor), met: toFloor.median <= TARGET },
    ],
  };
}

async function countByHand(sql: Sql): Promise<void> {
  await sql.begin(async (tx) => {
    await tx.unsafe(readBenchSql("floor/bulk-ledger.sql"), [0]);
    await tx.unsafe(readBenchSql("floor/bulk-metrics.sql"), [0]);
  });
}
