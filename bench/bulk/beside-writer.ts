import type { Sql } from "../../src/database.ts";
import type { Bench, Section } from "../case.ts";
import { expectExact } from "../databases.ts";
import { count, micros, seconds } from "../format.ts";
import { WireConnection } from "../load/wire.ts";
import { median, quantile } from "../statistics.ts";
import { uncounted } from "../templates.ts";
import { prepare } from "../workloads/prepare.ts";
import { sessionPicker } from "../workloads/sessions.ts";
import { exchanges } from "../workloads/workloads.ts";

// As the command backfill does it.
const BATCH = 1_000;
const PAUSE_MS = 2;

/** What a writer notices of the backfill in batches, against the same writer alone. */
export function measureBesideWriter(bench: Bench): Promise<Section> {
  const { batchRows, batchSessions, windowMs } = bench.scale;
  return bench.databases.withClone(uncounted(batchRows, batchSessions), "with the engine", async ({ sql, url }) => {
    // After the backfill, as the writer's sessions are counted only then.
    const begin = performance.now();
    const beside = await writeWhile(url, batchSessions, () => backfillInBatches(sql, bench));
    const ms = performance.now() - begin;
    const alone = await writeWhile(url, batchSessions, () => delay(2 * windowMs));
    await expectExact(sql, "the backfill in batches");
    const rate = `${count(batchRows / (ms / 1000))} rows/s`;
    return {
      title: `Backfill of ${count(batchRows)} rows in batches of ${count(BATCH)}, beside a writer`,
      about:
        `metrics.backfill_batch in a loop took ${seconds(ms)} (${rate}). Meanwhile one connection inserted an exchange ` +
        `into any of the sessions every ${PAUSE_MS} ms; its times are with the round trip.`,
      columns: ["writer", "inserts", "median", "99 % within", "slowest"],
      rows: [writerRow("alone", alone), writerRow("beside the backfill", beside)],
      verdicts: [
        {
          work: "slowest insert of a writer during the backfill that blocks no writer",
          target: "(stated)",
          measured: `${(Math.max(...beside) || 0).toFixed(1)} ms; median ${median(beside).toFixed(2)} ms`,
          met: true,
        },
      ],
    };
  });
}

function writerRow(name: string, times: number[]): string[] {
  return [name, count(times.length), micros(median(times)), micros(quantile(times, 0.99)), micros(Math.max(...times))];
}

async function backfillInBatches(sql: Sql, bench: Bench): Promise<void> {
  let after: string | null = null;
  let seen = 0;
  for (;;) {
    const rows: { last_id: string | null; rows_seen: number }[] = await sql`
      select last_id, rows_seen from metrics.backfill_batch('messages', ${after}, ${BATCH})`;
    after = rows[0]?.last_id ?? null;
    seen += rows[0]?.rows_seen ?? 0;
    if (after === null) break;
    if (seen % (50 * BATCH) === 0) bench.progress(`backfill in batches: ${count(seen)} rows`);
  }
}

async function writeWhile(url: string, sessions: number, work: () => Promise<unknown>): Promise<number[]> {
  const { statements, step } = prepare(exchanges, "engine", sessionPicker({ sessions, writers: 1, newSessions: 0.1 }));
  const connection = await WireConnection.open(url);
  for (const [name, text] of Object.entries(statements)) await connection.prepare(name, text);
  const times: number[] = [];
  let working = true;
  const write = async () => {
    while (working) {
      const begin = performance.now();
      await step(connection, 0);
      times.push(performance.now() - begin);
      await delay(PAUSE_MS);
    }
  };
  const writer = write();
  try {
    await Promise.race([work(), writer]);
  } finally {
    working = false;
  }
  await writer;
  connection.close();
  return times;
}

function delay(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}
