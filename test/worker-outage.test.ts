import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { connect } from "../src/database.ts";
import { startEmbedded } from "../src/embedded/server.ts";
import { silentLogger } from "../src/log.ts";
import { migrate } from "../src/migrate.ts";
import { startWorker } from "../src/worker/worker.ts";
import { expectNoDrift } from "./support/oracle.ts";
import { until, untilCounted, test as withWorker, workersOn } from "./support/worker.ts";

const WARNING = '"level":40';

const insert = (n: number) =>
  `insert into conversations (session_id, message, response)
  select 's' || n % 50, 'question number ' || n, 'answer ' || n from generate_series(1, ${n}) as n`;

describe("a worker outlives its database", () => {
  test.for([
    ["a crash in the middle of work", "SIGQUIT"],
    ["a restart", "SIGINT"],
  ] as const)("%s", { timeout: 90_000 }, async ([, signal], { onTestFinished }) => {
    const dataDir = await mkdtemp(join(tmpdir(), "conversation-metrics-outage-"));
    onTestFinished(() => rm(dataDir, { recursive: true, force: true }));
    const first = await startEmbedded({ dataDir, port: 0 });
    await migrate({ databaseUrl: first.url });
    const before = connect(first.url, { max: 1 });
    const worker = await workersOn(first.url, () => {})();
    onTestFinished(worker.stop);
    await before.unsafe(insert(4000));
    await until(before, "exists (select from metrics.messages where prompt_source = 'tiktoken')");

    process.kill(first.pid, signal);
    await first.exited;
    await before.end({ timeout: 0 });
    const warned = worker.lines.filter((line) => line.includes(WARNING)).length;
    const second = await startEmbedded({ dataDir, port: first.port });
    onTestFinished(() => second.stop());
    const after = connect(second.url);
    await untilCounted(after, 40_000);
    await after.unsafe(insert(10));
    await untilCounted(after, 5000);

    await expectNoDrift(after);
    const warnings = worker.lines.filter((line) => line.includes(WARNING));
    expect(warned).toBeLessThanOrEqual(1);
    expect(warnings).toEqual([
      expect.stringContaining("Counting is interrupted"),
      expect.stringContaining("Counting goes on."),
    ]);
    await worker.stop();
    await after.end();
  });

  withWorker("connections that are cut, again and again", async ({ start, db }) => {
    const worker = await start();
    for (let round = 0; round < 10; round += 1) {
      await db.unsafe(insert(300));
      await db`select pg_terminate_backend(pid) from pg_stat_activity
        where datname = current_database() and application_name = 'conversation-metrics worker'`;
    }

    await untilCounted(db);
    await expectNoDrift(db);
    const logged = worker.lines.filter((line) => line.includes('"level":50'));
    expect(logged).toEqual([]);
  });
});

describe("a worker that cannot begin", () => {
  withWorker("names what is missing where the database was never migrated", async ({ bareUrl }) => {
    await expect(startWorker({ databaseUrl: bareUrl, log: silentLogger })).rejects.toMatchObject({
      name: "UserError",
      message: "The database has no tables for counting tokens.",
      hint: expect.stringContaining("npx conversation-metrics migrate"),
    });
  });

  test("says that there is no server", async () => {
    await expect(
      startWorker({ databaseUrl: "postgres://nobody@127.0.0.1:1/none", log: silentLogger }),
    ).rejects.toMatchObject({
      name: "UserError",
      hint: expect.stringContaining("Is the server running?"),
    });
  });
});
