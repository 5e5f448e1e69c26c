import { describe, expect } from "vitest";
import type { Sql } from "../src/database.ts";
import { silentLogger } from "../src/log.ts";
import { createPool } from "../src/worker/pool.ts";
import { forEachSource, type WorkerSource } from "../src/worker/sources.ts";
import { chat } from "./support/attached/chat.ts";
import { cli } from "./support/cli.ts";
import { expectNoDrift } from "./support/oracle.ts";
import { populate } from "./support/population.ts";
import { counterWith, test, until, untilCounted } from "./support/worker.ts";

const attach = (db: Sql, name: string) => db.unsafe(`select metrics.attach('${name}', '${name}.said')`);

const counted = (name: string) => `not exists (
  select from metrics_${name}.messages where 'estimate' in (prompt_source, completion_source)
) and not exists (select from metrics_${name}.token_batches)`;

const isExact = async (db: Sql, name: string) => {
  expect(await db.unsafe(`select * from metrics_${name}.conversation_metrics_drift`)).toEqual([]);
  expect(await db.unsafe(`select distinct estimated_messages from metrics_${name}.conversation_metrics`)).toEqual([
    { estimated_messages: 0 },
  ]);
};

describe("forEachSource", () => {
  test("comes to all sources, and then fails as the first of those that failed and are still there", async ({
    db,
    url,
  }) => {
    await db.unsafe(chat("one") + chat("two"));
    await attach(db, "one");
    await attach(db, "two");
    const pool = createPool(url, 1, silentLogger);
    const come: string[] = [];
    const work = async ({ name }: WorkerSource) => {
      come.push(name);
      if (name === "one") await db`select metrics.detach('one')`;
      if (come.length > 3 || name === "one") throw new Error(`no ${name}`);
    };
    try {
      await forEachSource(pool, work);
      await expect(forEachSource(pool, work)).rejects.toThrow("no default");
    } finally {
      await pool.end();
    }

    expect(come).toEqual(["default", "one", "two", "default", "two"]);
  });
});

describe("a worker", () => {
  test("counts the messages of every source", async ({ db, start }) => {
    await populate(db);
    await db.unsafe(chat("one") + chat("two"));
    await attach(db, "one");
    await attach(db, "two");

    await start();

    await untilCounted(db);
    await until(db, counted("one"));
    await until(db, counted("two"));
    await isExact(db, "one");
    await isExact(db, "two");
    await expectNoDrift(db);
    // "Words", a space, the number: an estimate says two.
    expect(await db`select distinct prompt_tokens from metrics_one.messages where user_messages = 1`).toEqual([
      { prompt_tokens: 3 },
    ]);
  });

  test("takes up a source that is attached while it runs", async ({ db, start }) => {
    await start();
    await db.unsafe(chat("one"));

    await attach(db, "one");

    await until(db, counted("one"));
    await db`insert into one.lines (room, author, words) values (1, 'human', 'And now a later one, which is longer')`;
    await until(db, counted("one"));
    await isExact(db, "one");
  });

  test("goes on with the others when a source is detached under its hands", async ({ db, start }) => {
    await populate(db);
    await db.unsafe(chat("one"));
    await attach(db, "one");
    const held = Promise.withResolvers<void>();
    const reached = Promise.withResolvers<void>();
    const counter = counterWith(async (text) => {
      if (!text.startsWith("Words")) return;
      reached.resolve();
      await held.promise;
    });
    const worker = await start({ counter });
    await reached.promise;

    await db`select metrics.detach('one')`;
    held.resolve();

    await untilCounted(db);
    await db`insert into conversations (session_id, message) values ('after', 'One more')`;
    await untilCounted(db);
    await until(db, "not exists (select from graphile_worker.jobs where task_identifier = 'count_tokens')", 60_000);
    expect(worker.lines.filter((line) => JSON.parse(line).level >= 50)).toEqual([]);
    await expectNoDrift(db);
  });
});

describe("the check of every minute", () => {
  test("heals every source, also when another one's fails", async ({ db, start }) => {
    await db.unsafe(chat("broken") + chat("one"));
    await attach(db, "broken");
    await attach(db, "one");
    await start();
    await until(db, counted("one"));
    await db`update metrics_one.conversation_metrics set user_messages = 77`;
    await db`drop function metrics_broken.check_sessions`;

    await db`select graphile_worker.add_job('check_sessions')`;

    await until(db, "exists (select from metrics_one.checks where healed = 2)");
    await isExact(db, "one");
  });
});

describe("worker --once", () => {
  test("counts all sources and says how many rows", async ({ db, url }) => {
    await db.unsafe(chat("one") + chat("two"));
    await attach(db, "one");
    await attach(db, "two");

    const { code, stdout } = await cli(["worker", "--once", "--json"], { url });

    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toEqual({ counted: 40, waiting: 0, locked: 0, given_up: 0 });
    await isExact(db, "one");
    await isExact(db, "two");
  });
});
