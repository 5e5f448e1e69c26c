import { describe, expect } from "vitest";
import type { Sql } from "../src/database.ts";
import { finished, said, startCli } from "./support/cli.ts";
import { expectNoDrift } from "./support/oracle.ts";
import { test, untilCounted } from "./support/worker.ts";

const ROWS = 6000;

const fill = (db: Sql) => db`
  insert into conversations (organization_id, session_id, message, response)
  select n % 5, 's' || n % 700, 'question number ' || n, repeat('answer ' || n, n % 12)
  from generate_series(1, ${ROWS}::int) as n`;

const LINE = /\{.*"msg":"counted"\}/g;

/** What a process wrote, by the debug lines of its jobs. */
const writtenBy = (stderr: string): number =>
  (stderr.match(LINE) ?? []).reduce((sum, line) => sum + Number(JSON.parse(line).written), 0);

describe("several workers", () => {
  test("share the work of a backlog, and count no message twice", { timeout: 60_000 }, async ({ url, db }) => {
    const workers = [1, 2].map(() => startCli(["worker"], { url, env: { LOG_LEVEL: "debug" } }));
    const ends = workers.map(finished);
    await Promise.all(workers.map((worker) => said(worker, "Counting tokens")));

    await fill(db);
    await untilCounted(db);
    for (const worker of workers) worker.kill("SIGTERM");
    const results = await Promise.all(ends);

    const written = results.map(({ stderr }) => writtenBy(stderr));
    expect(results.map(({ code }) => code)).toEqual([0, 0]);
    expect(written[0]).toBeGreaterThan(0);
    expect(written[1]).toBeGreaterThan(0);
    expect(written.reduce((sum, own) => sum + own)).toBe(ROWS);
    await expectNoDrift(db);
  });

  test("in one process do so too", async ({ start, db }) => {
    const written = [0, 0];
    await fill(db);

    await Promise.all(
      [0, 1].map((me) =>
        start({
          onBatch: (done) => {
            written[me] = (written[me] ?? 0) + done.written;
          },
        }),
      ),
    );
    await untilCounted(db);

    expect(written[0]).toBeGreaterThan(0);
    expect(written[1]).toBeGreaterThan(0);
    expect(written.reduce((sum, own) => sum + own)).toBe(ROWS);
    await expectNoDrift(db);
  });
});

describe("a worker that is told to end", () => {
  test("finishes what it has begun, gives back the rest, and says so", async ({ start, db }) => {
    await fill(db);
    const worker = await start({ concurrency: 1 });

    await worker.stop();

    expect(await db`select worker from metrics.token_batches where worker is not null`).toEqual([]);
    expect(await db`select id from graphile_worker.jobs where locked_at is not null`).toEqual([]);
    expect(await db`select stopped_at is not null as stopped from metrics.workers`).toEqual([{ stopped: true }]);
    await expectNoDrift(db);
  });
});
