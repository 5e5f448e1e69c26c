import { describe, expect } from "vitest";
import { chat } from "./support/attached/chat.ts";
import { cli } from "./support/cli.ts";
import { expectNoDrift } from "./support/oracle.ts";
import { populate } from "./support/population.ts";
import { test, until, untilCounted } from "./support/worker.ts";

// Every minute by its schedule; here at once.
const CHECK = "select graphile_worker.add_job('check_sessions')";
const FOUND = "exists (select from metrics.checks where drifted > 0)";
const SECRET = "my card number is 4000";

describe("the worker's own check", () => {
  test("heals a write past the triggers, and says which sessions and columns, never a text", async ({
    start,
    url,
    db,
  }) => {
    await populate(db);
    const worker = await start();
    await untilCounted(db);
    await db.begin(async (tx) => {
      await tx`set session_replication_role = replica`;
      await tx`insert into conversations (organization_id, session_id, message) values (1, 'a', ${SECRET})`;
      await tx`update conversations set message = ${SECRET} where organization_id = 2 and session_id = 'b' and role = 'user'`;
      await tx`set session_replication_role = origin`;
    });

    await db.unsafe(CHECK);
    await until(db, FOUND);
    await untilCounted(db);
    const status = await cli(["status"], { url });

    const warning = worker.lines.find((line) => line.includes("The check found"));
    expect(warning).toContain("The check found 2 of 9 sessions wrong, and healed 2.");
    expect(warning).toContain('{"organization_id":1,"session_id":"a","columns":["ledger"]}');
    expect(worker.lines.join("")).not.toContain(SECRET);
    expect(status.stdout).toMatch(/^check .*\d+ s ago: .*2 sessions wrong, 2 healed$/m);
    await expectNoDrift(db);
  });

  test("says nothing where all is right", async ({ start, db }) => {
    await populate(db);
    const worker = await start();

    await db.unsafe(CHECK);
    await until(db, "exists (select from metrics.checks)");

    expect(await db`select distinct sessions, drifted, healed from metrics.checks`).toEqual([
      { sessions: 9, drifted: 0, healed: 0 },
    ]);
    expect(worker.lines.filter((line) => line.includes('"level":40'))).toEqual([]);
  });

  test("forgets checks after 30 days, and workers that were not seen for 7", async ({ db }) => {
    await db`insert into metrics.checks (sessions, drifted, healed, checked_at) values
      (1, 0, 0, now() - interval '31 days'), (2, 0, 0, now() - interval '29 days')`;
    await db`insert into metrics.workers (worker, graphile_ids, seen_at) values
      ('long gone', '{}', now() - interval '8 days'), ('gone', '{}', now() - interval '6 days')`;

    await db`select metrics.check_sessions()`;

    expect(await db`select sessions from metrics.checks order by check_id`).toEqual([{ sessions: 2 }, { sessions: 0 }]);
    expect(await db`select worker from metrics.workers`).toEqual([{ worker: "gone" }]);
  });

  test("clears away what rows of a view left that went before they were counted, a day after", async ({ db }) => {
    await db.unsafe(chat("one"));
    await db`select metrics.attach('one', 'one.said')`;
    await db`insert into metrics_one.messages (conversation_id, has_feedback, counted_at) values
      (1001, false, now() - interval '25 hours'), (1002, false, now() - interval '23 hours'), (1003, true, now() - interval '25 hours')`;

    await db`select metrics_one.check_sessions()`;

    expect(await db`select conversation_id from metrics_one.messages where session_key is null order by 1`).toEqual([
      { conversation_id: 1002 },
      { conversation_id: 1003 },
    ]);
  });

  test("is on graphile-worker's schedule, each minute", async ({ start, db }) => {
    await start();
    await start();

    await until(db, "exists (select from graphile_worker._private_known_crontabs)");

    expect(await db`select identifier from graphile_worker._private_known_crontabs order by 1`).toEqual([
      { identifier: "archive" },
      { identifier: "check_sessions" },
      { identifier: "roll_up" },
      { identifier: "send_reports" },
    ]);
  });
});
