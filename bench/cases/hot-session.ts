import type { Bench, Case, Section } from "../case.ts";
import { expectExact } from "../databases.ts";
import { count, micros, ratio } from "../format.ts";
import { drive, type LoadResult } from "../load/drive.ts";
import { interleave, ratioOf } from "../rounds.ts";
import { median } from "../statistics.ts";
import { loaded } from "../templates.ts";
import { prepare } from "../workloads/prepare.ts";
import { sessionOf } from "../workloads/sessions.ts";
import type { Prepared } from "../workloads/workload.ts";
import { exchanges } from "../workloads/workloads.ts";

const CONNECTIONS = 16;
const TARGET = 0.7;
const SIDES = ["plain", "counter", "floor", "engine"] as const;
type Side = (typeof SIDES)[number];
type SideResult = LoadResult & { errors: number };

/** Writers that all meet at one metrics row. */
export const hotSession: Case = {
  name: "hot-session",
  summary: "16 connections write to one session, against a bare counter",
  run: async (bench) => [await measure(bench)],
};

async function measure(bench: Bench): Promise<Section> {
  const results: Record<Side, SideResult[]> = { plain: [], counter: [], floor: [], engine: [] };
  const samples = await interleave(bench.scale.rounds, SIDES, async (side, round) => {
    const result = await measureSide(bench, side, round);
    results[side].push(result);
    bench.progress(`one session, round ${round + 1}, ${side}: ${count(result.perSecond)}/s`);
    return result.perSecond;
  });
  const errors = results.engine.reduce((sum, result) => sum + result.errors, 0);
  const toCounter = ratioOf(samples("engine"), samples("counter"));
  return {
    title: `${CONNECTIONS} connections on one session`,
    about:
      "The engine's side inserts an exchange into one of the sessions loaded, always the same, as do floor and plain. The counter's side is " +
      "`update counters set n = n + 1 where id = 1` on a table of that one row, without any insert. One statement on " +
      "the way in each connection.",
    columns: ["side", "writes/s", "of the counter", "server CPU per write", "errors"],
    rows: SIDES.map((side) => [
      side,
      count(median(samples(side))),
      ratio(ratioOf(samples(side), samples("counter"))),
      micros(median(results[side].map((result) => result.serverCpuMs))),
      count(results[side].reduce((sum, result) => sum + result.errors, 0)),
    ]),
    verdicts: [
      {
        work: `${CONNECTIONS} connections on one session, no error`,
        target: `at least ${TARGET} of a bare counter UPDATE`,
        measured: `${ratio(toCounter)}, ${count(errors)} errors`,
        met: toCounter.median >= TARGET && errors === 0,
      },
    ],
  };
}

function measureSide(bench: Bench, side: Side, round: number): Promise<SideResult> {
  const { scale, databases, server } = bench;
  const triggers = side === "engine" ? "with the engine" : "without triggers";
  return databases.withClone(
    loaded(scale.sessions * scale.rowsPerSession, scale.sessions),
    triggers,
    async ({ sql, url }) => {
      await sql`create table counters (id integer primary key, n bigint not null)`;
      await sql`insert into counters values (1, 0)`;
      const result = await drive({
        ...(side === "counter" ? COUNTER : prepare(exchanges, side, () => sessionOf(1))),
        ...{ url, connections: CONNECTIONS, depth: 1, isLocal: server.isLocal },
        ...{ warmUpMs: scale.warmUpMs, windowMs: scale.windowMs },
      });
      const isLast = round === scale.rounds - 1;
      if (isLast && (side === "floor" || side === "engine")) await expectExact(sql, `one session, ${side}`);
      return result;
    },
  );
}

const COUNTER: Prepared = {
  statements: { count: "update counters set n = n + 1 where id = 1" },
  step: async (connection) => {
    await connection.run("count");
    return 1;
  },
};
