import type { Bench, Case, Section } from "../case.ts";
import { createDatabases, expectExact } from "../databases.ts";
import { count, micros, ratio } from "../format.ts";
import { drive, type LoadResult } from "../load/drive.ts";
import { interleave, ratioOf } from "../rounds.ts";
import { startOwnServer } from "../server.ts";
import { median } from "../statistics.ts";
import { loaded } from "../templates.ts";
import { HOT_SIDES, type HotSide, prepareHot } from "../workloads/hot.ts";

const CONNECTIONS = 16;
const TARGET = 0.7;

type SideResult = LoadResult & { errors: number };

/** Writers that all meet at one metrics row. */
export const hotSession: Case = {
  name: "hot-session",
  summary: `${CONNECTIONS} connections write to one session, against a bare counter`,
  // A server that was named is measured as it is set.
  run: async (bench) =>
    bench.server.isLocal
      ? [await measure(bench, "unflushed"), await measureFlushed(bench)]
      : [await measure(bench, "as set")],
};

/** On a server of its own: what a commit waits for is asked of the whole server. */
async function measureFlushed(bench: Bench): Promise<Section> {
  const server = await startOwnServer("flushed");
  const databases = createDatabases(server, bench.progress);
  try {
    return await measure({ ...bench, server, databases }, "flushed");
  } finally {
    await databases.dropAll();
    await server.stop();
  }
}

async function measure(bench: Bench, commits: keyof typeof HOW): Promise<Section> {
  const title = `${CONNECTIONS} connections on one session, ${HOW[commits]}`;
  const results: Record<HotSide, SideResult[]> = {
    plain: [],
    counter: [],
    "insert + counter": [],
    floor: [],
    engine: [],
  };
  const samples = await interleave(bench.scale.rounds, HOT_SIDES, async (side, round) => {
    const result = await measureSide(bench, side, round);
    results[side].push(result);
    bench.progress(
      `one session, ${HOW[commits]}, round ${round + 1}, ${side}: ${count(result.perSecond)}/s, ${result.errors} errors`,
    );
    return result.perSecond;
  });
  const errorsOf = (side: HotSide) => results[side].reduce((sum, result) => sum + result.errors, 0);
  const verdict = (to: HotSide, target: string) => {
    const measured = ratioOf(samples("engine"), samples(to));
    return {
      work: title,
      target: `no error, at least ${TARGET} of ${target}`,
      measured: `${ratio(measured)}, ${errorsOf("engine")} errors`,
      met: measured.median >= TARGET && errorsOf("engine") === 0,
    };
  };
  return {
    title,
    about: ABOUT[commits],
    columns: ["side", "writes/s", "of the counter", "of insert + counter", "server CPU per write", "errors"],
    rows: HOT_SIDES.map((side) => [
      side,
      count(median(samples(side))),
      ratio(ratioOf(samples(side), samples("counter"))),
      ratio(ratioOf(samples(side), samples("insert + counter"))),
      micros(median(results[side].map((result) => result.serverCpuMs))),
      String(errorsOf(side)),
    ]),
    verdicts: [
      verdict("counter", "a bare counter UPDATE (which inserts nothing)"),
      verdict("insert + counter", "the same INSERT with a counter UPDATE"),
    ],
  };
}

function measureSide(bench: Bench, side: HotSide, round: number): Promise<SideResult> {
  const { scale, databases, server } = bench;
  const triggers = side === "engine" ? "with the engine" : "without triggers";
  const template = loaded(scale.sessions * scale.rowsPerSession, scale.sessions);
  return databases.withClone(template, triggers, async ({ sql, url }) => {
    await sql`create table counters (id integer primary key, n bigint not null)`;
    await sql`insert into counters values (1, 0)`;
    const { statements, step } = prepareHot(side);
    let errors = 0;
    const result = await drive({
      statements,
      step: (connection, writer) =>
        step(connection, writer).catch(() => {
          errors += 1;
          return 0;
        }),
      ...{ url, connections: CONNECTIONS, depth: 1, isLocal: server.isLocal },
      ...{ warmUpMs: scale.warmUpMs, windowMs: scale.windowMs },
    });
    const isLast = round === scale.rounds - 1;
    if (isLast && (side === "floor" || side === "engine")) await expectExact(sql, `one session, ${side}`);
    return { ...result, errors };
  });
}

const HOW = {
  unflushed: "nothing waits for the disk",
  flushed: "every commit flushed",
  "as set": "as the server is set",
};

const SIDES =
  "The engine's side inserts an exchange into one of the sessions loaded, always the same, as do floor and plain. " +
  "The counter's side is `update counters set n = n + 1 where id = 1`, without any insert; insert + counter does that " +
  "and the plain INSERT in one statement. One statement on the way in each connection.";

const LOCKED = "Whoever writes a row keeps it locked until its commit is on the disk, the counter as the metrics row.";

const ABOUT: Record<keyof typeof HOW, string> = {
  "as set": SIDES,
  unflushed: SIDES,
  flushed: `The same at PostgreSQL's own settings for fsync, synchronous_commit and full_page_writes (on). ${LOCKED}`,
};
