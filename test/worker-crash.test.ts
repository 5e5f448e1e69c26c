import { setTimeout as sleep } from "node:timers/promises";
import { expect } from "vitest";
import type { Sql } from "../src/database.ts";
import { cli, finished, said, startCli } from "./support/cli.ts";
import { random } from "./support/generators/prng.ts";
import { expectNoDrift } from "./support/oracle.ts";
import { fill } from "./support/sources.ts";
import { test, until } from "./support/worker.ts";
import { endless } from "./support/writers.ts";

const KILLS = 20;

/** A worker process that is killed when `moment` comes after its start, whatever it is doing. */
const killedAt = async (url: string, moment: () => Promise<void>) => {
  const worker = startCli(["worker", "--concurrency", "3"], { url });
  const end = finished(worker);
  await said(worker, "Counting tokens");
  await moment();
  worker.kill("SIGKILL");
  return end;
};

/** That a worker has written counts from now on: the time of an entry with an estimate may be a writer's. */
const nextExact = async (db: Sql) => {
  const [row] = await db<[{ now: string }]>`select clock_timestamp()::text as now`;
  return `exists (
    select from metrics.messages
    where prompt_source = 'tiktoken' and completion_source is distinct from 'estimate' and counted_at > '${row.now}'
  )`;
};

test("workers killed at any moment, while others write, lose nothing and count nothing twice", {
  timeout: 240_000,
}, async ({ url, db, connect }) => {
  const chance = random(20);
  await fill(db, 3000);
  const writers = endless(connect({ max: 4 }), 4);

  for (let kill = 0; kill < KILLS; kill += 1) {
    const exact = await nextExact(db);
    const { stderr } = await killedAt(url, async () => {
      // Every other one gets to work, however busy the machine is.
      if (kill % 2 === 1) await until(db, exact);
      await sleep(chance.below(kill % 2 === 1 ? 200 : 2000));
    });
    expect(stderr).not.toMatch(/error|unhandled/i);
    if (kill % 5 === 4) await expectNoDrift(db, `after ${kill + 1} kills`);
  }
  await writers.stop();
  const drained = await cli(["worker", "--once", "--quiet"], { url });

  expect(drained).toMatchObject({ code: 0, stderr: "" });
  await until(db, "not exists (select from metrics.messages where 'estimate' in (prompt_source, completion_source))");

  // Jobs of the last that were killed, whose counts were written: a worker that comes later gives them back.
  await until(
    db,
    "not exists (select from metrics.workers where stopped_at is null and seen_at > clock_timestamp() - interval '10 s')",
  );
  expect(await cli(["worker", "--once", "--quiet"], { url })).toMatchObject({ code: 0 });
  expect(
    await db`select count(*)::int as jobs from graphile_worker.jobs where task_identifier = 'count_tokens' and locked_at is not null`,
  ).toEqual([{ jobs: 0 }]);
  await expectNoDrift(db, "after the drain");
});
