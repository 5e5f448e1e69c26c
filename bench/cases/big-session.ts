import type { Bench, Case, Section } from "../case.ts";
import type { Template } from "../databases.ts";
import { count, micros } from "../format.ts";
import { WireConnection } from "../load/wire.ts";
import { median, quantile } from "../statistics.ts";
import { insertExchanges, insertSession } from "../templates.ts";
import { CHANGES, type Change } from "../workloads/changes.ts";
import { type Rows, readRows } from "../workloads/rows.ts";

const SMALL_ROWS = 10;

/** What a statement costs in a large session, against the same in a small one. */
export const bigSession: Case = {
  name: "big-session",
  summary: "insert, update and delete in a large session against a small one",
  run: async (bench) => [await measure(bench)],
};

async function measure(bench: Bench): Promise<Section> {
  const { bigSessionRows, samples } = bench.scale;
  const rows: string[][] = [];
  const slowest = { insert: 0, change: 0 };
  for (const change of CHANGES) {
    const times = await bench.databases.withClone(template(bench), "with the engine", async ({ sql, url }) =>
      timeBoth(change, await readRows(sql), url, samples),
    );
    const ratio = median(times.large) / median(times.small);
    const kind = change.kind === "insert" ? "insert" : "change";
    slowest[kind] = Math.max(slowest[kind], ratio);
    bench.progress(`${change.title}: ${micros(median(times.small))}, ${micros(median(times.large))}`);
    rows.push([
      change.title,
      micros(median(times.small)),
      micros(median(times.large)),
      ratio.toFixed(2),
      micros(quantile(times.large, 0.99)),
    ]);
  }
  return {
    title: `A session of ${count(bigSessionRows)} rows against one of ${SMALL_ROWS}`,
    about:
      `Medians of ${samples} statements of a kind in the large session and ${samples} in small ones, in turn, by one ` +
      "connection, with the round trip. Each kind has a fresh copy of the database.",
    columns: ["statement", `${SMALL_ROWS} rows`, `${count(bigSessionRows)} rows`, "ratio", "99 % of the large within"],
    rows,
    verdicts: [
      verdict("insert into a large session against a small one (the slowest kind)", 1.2, slowest.insert),
      verdict("update and delete likewise (the slowest kind)", 2, slowest.change),
    ],
  };
}

function verdict(work: string, most: number, measured: number) {
  return { work, target: `at most ${most} ×`, measured: measured.toFixed(2), met: measured <= most };
}

function template({ scale }: Bench): Template {
  return {
    name: "big-session",
    prepare: async (sql) => {
      await sql.unsafe(insertSession(scale.bigSessionRows, "large"));
      await sql.unsafe(insertExchanges(scale.samples * SMALL_ROWS, scale.samples));
    },
  };
}

async function timeBoth(change: Change, rows: { large: Rows; small: Rows[] }, url: string, samples: number) {
  const connection = await WireConnection.open(url);
  await connection.prepare("change", change.statement);
  const time = async (session: Rows) => {
    const parameters = change.parameters(session);
    const begin = performance.now();
    await connection.run("change", parameters);
    return performance.now() - begin;
  };
  const times: { large: number[]; small: number[] } = { large: [], small: [] };
  // The first few meet cold caches and plans.
  const warmUp = Math.floor(samples / 10);
  for (const [turn, small] of rows.small.entries()) {
    const pair = { small: await time(small), large: await time(rows.large) };
    if (turn < warmUp) continue;
    times.small.push(pair.small);
    times.large.push(pair.large);
  }
  connection.close();
  return times;
}
