import type { Sql } from "../../src/database.ts";
import type { Bench, Case, Section } from "../case.ts";
import { expectExact } from "../databases.ts";
import { count, ratio, seconds } from "../format.ts";
import { interleave, ratioOf } from "../rounds.ts";
import { median } from "../statistics.ts";
import { loaded } from "../templates.ts";

const VARIANTS = ["plain", "engine"] as const;
const LIMIT_MS = 60_000;

const STATEMENTS = [
  { title: "UPDATE of the responses", text: "update conversations set response = response || '.' where id <= " },
  { title: "DELETE", text: "delete from conversations where id <= " },
];

/** Many rows changed by one UPDATE or DELETE, for which no target is set. */
export const bulkChange: Case = {
  name: "bulk-change",
  summary: "one UPDATE and one DELETE of many rows",
  run: async (bench) => [await measure(bench)],
};

async function measure(bench: Bench): Promise<Section> {
  const { longRounds, changedRows, sessions } = bench.scale;
  const rows: string[][] = [];
  for (const { title, text } of STATEMENTS) {
    const work = `${title} of ${count(changedRows)} rows`;
    const samples = await interleave(longRounds, VARIANTS, async (variant, round) => {
      const ms = await measureVariant(bench, variant, `${text}${changedRows}`, round === 0);
      bench.progress(`${work}, round ${round + 1}, ${variant}: ${seconds(ms)}`);
      return ms;
    });
    const [plain, engine] = [samples("plain"), samples("engine")];
    const mark = median(engine) >= LIMIT_MS ? "more than " : "";
    rows.push([
      work,
      seconds(median(plain)),
      `${mark}${seconds(median(engine))}`,
      `${mark}${ratio(ratioOf(engine, plain))}`,
    ]);
  }
  return {
    title: `One UPDATE or DELETE of many rows, in ${count(sessions)} sessions`,
    about: `Given up after ${seconds(LIMIT_MS)}.`,
    columns: ["statement", "plain", "engine", "× plain"],
    rows,
    verdicts: [],
  };
}

function measureVariant(bench: Bench, variant: string, statement: string, check: boolean): Promise<number> {
  const { sessions, rowsPerSession } = bench.scale;
  const triggers = variant === "engine" ? "with the engine" : "without triggers";
  return bench.databases.withClone(loaded(sessions * rowsPerSession, sessions), triggers, async ({ sql }) => {
    const ms = await timeUpTo(sql, statement);
    if (check && variant === "engine" && ms < LIMIT_MS) await expectExact(sql, statement);
    return ms;
  });
}

async function timeUpTo(sql: Sql, statement: string): Promise<number> {
  const begin = performance.now();
  try {
    await sql.begin(async (tx) => {
      await tx.unsafe(`set local statement_timeout = ${LIMIT_MS}`);
      await tx.unsafe(statement);
    });
  } catch (error) {
    if (performance.now() - begin < LIMIT_MS) throw error;
  }
  return performance.now() - begin;
}
