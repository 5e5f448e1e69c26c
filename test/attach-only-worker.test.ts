import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect } from "vitest";
import type { Sql } from "../src/database.ts";
import { migrate } from "../src/migrate.ts";
import type { Worker } from "../src/worker/worker.ts";
import { chat } from "./support/attached/chat.ts";
import { cli, finished, said, startCli } from "./support/cli.ts";
import { test as base } from "./support/database.ts";
import { until, workersOn } from "./support/worker.ts";

/** A database set up by `migrate --attach-only`, and workers on it. */
const test = base
  .extend("only", async ({ bareUrl, bareDb }) => {
    await migrate({ databaseUrl: bareUrl, adopt: false });
    return { url: bareUrl, db: bareDb };
  })
  .extend("folder", async ({}, { onCleanup }) => {
    const folder = await mkdtemp(join(tmpdir(), "attach only "));
    onCleanup(() => rm(folder, { recursive: true, force: true }));
    return folder;
  })
  .extend("start", ({ only }, { onCleanup }) => {
    const workers: Worker[] = [];
    onCleanup(async () => {
      await Promise.all(workers.map((worker) => worker.stop()));
    });
    return workersOn(only.url, (worker) => workers.push(worker));
  });

const attachSupport = async (db: Sql) => {
  await db.unsafe(chat("support"));
  await db`select metrics.attach('support', 'support.said')`;
};

const COUNTED = `not exists (
  select from metrics_support.messages where 'estimate' in (prompt_source, completion_source)
) and not exists (select from metrics_support.token_batches)`;

const expectExact = async (db: Sql) => {
  expect(await db`select * from metrics_support.conversation_metrics_drift`).toEqual([]);
  // "Words", a space, the number: an estimate says two.
  expect(await db`select distinct prompt_tokens from metrics_support.messages where user_messages = 1`).toEqual([
    { prompt_tokens: 3 },
  ]);
};

describe("without a source named default", () => {
  test("worker --once counts every message exactly, and status says so", async ({ only: { url, db } }) => {
    await attachSupport(db);

    const once = await cli(["worker", "--once", "--json"], { url });
    const status = await cli(["status", "--json"], { url });

    expect(once.code, once.stderr).toBe(0);
    expect(JSON.parse(once.stdout)).toEqual({ counted: 20, waiting: 0, locked: 0, given_up: 0 });
    expect(JSON.parse(status.stdout)).toMatchObject({
      tokens: { exact: 20, reported: 0, estimated: 0, given_up: 0, oldest_waiting: null },
      worker: { alive: 0, stopped: true },
    });
    await expectExact(db);
  });

  test("start runs a worker, and shows a statement that works", async ({ only: { url, db } }) => {
    await attachSupport(db);

    const child = startCli(["start", "--http-port", "0"], { url });
    const end = finished(child);
    const welcome = await said(child, "Ready. Ctrl-C stops it.");
    await until(db, COUNTED);
    child.kill("SIGTERM");

    expect((await end).code).toBe(0);
    expect(welcome).toContain(`sql "select * from all_conversation_metrics limit 5"`);
    await expectExact(db);
  });

  test("a worker rolls up, checks, archives and sends reports", async ({ only: { db, url }, start, folder }) => {
    await attachSupport(db);
    await db`insert into metrics_support.archive_rules (is_default, archive_after) values (true, '30 days')`;
    const scheduled = await cli(["report", "schedule", "--organization", "all", "--folder", folder], { url });
    await db`update metrics.report_schedules set sent_month = to_char(now() - interval '3 months', 'YYYY-MM')`;
    await start();
    await until(db, COUNTED);

    await db`select graphile_worker.add_job(name)
      from unnest(array['check_sessions', 'roll_up', 'archive', 'send_reports']) as name`;

    await until(db, "exists (select from metrics_support.checks where sessions = 2 and drifted = 0)");
    await until(db, "(select rolled_up_at is not null from metrics_support.rollup_state)");
    await until(db, "(select count(*) = 2 from metrics_support.conversation_metrics_archive)");
    await until(db, "(select sent_at is not null and error is null from metrics.report_schedules)");
    expect(scheduled.code, scheduled.stderr).toBe(0);
    expect(await readdir(folder)).toContainEqual(expect.stringMatching(/^report-all-.*\.html$/));
    await expectExact(db);
  });
});

describe("before anything is attached", () => {
  test("worker --once has nothing to do", async ({ only: { url } }) => {
    const { code, stdout } = await cli(["worker", "--once"], { url });

    expect({ code, stdout }).toEqual({ code: 0, stdout: "0 rows counted, nothing is left.\n" });
  });

  test("a worker starts, and counts a source that is attached afterwards", async ({ only: { db }, start }) => {
    await start();
    await until(db, "exists (select from metrics.workers)");

    await attachSupport(db);

    await until(db, COUNTED);
    await expectExact(db);
  });
});
