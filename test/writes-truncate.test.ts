import { describe, expect } from "vitest";
import { test } from "./support/database.ts";
import { openActors, play } from "./support/interleaving.ts";
import { expectNoDrift, metricsOf } from "./support/oracle.ts";
import { populate } from "./support/population.ts";

describe("TRUNCATE", () => {
  test.for([
    ["the conversations and what refers to them", "conversations cascade"],
    ["the leads", "leads"],
    ["the feedback", "feedback"],
    ["all three tables at once", "feedback, leads, conversations"],
    ["all three tables in another order", "conversations, feedback, leads restart identity"],
  ] as const)("of %s is exact", async ([, what], { db }) => {
    await populate(db);

    await db.unsafe(`truncate ${what}`);

    await expectNoDrift(db);
  });

  test("leads and feedback of their own sessions outlive truncated conversations", async ({ db }) => {
    await db`insert into conversations (session_id, message) values ('s', 'hi')`;
    await db`insert into leads (session_id, name) values ('s', 'Ann')`;
    await db.unsafe("alter table feedback drop constraint feedback_conversation_id_fkey");
    await db`insert into feedback (session_id, rating) values ('s', 4)`;

    await db`truncate conversations`;
    const empty = await metricsOf(db);
    await db`insert into conversations (session_id, message) values ('s', 'hi')`;

    expect(empty).toEqual([]);
    expect(await metricsOf(db)).toMatchObject([{ lead_name: "Ann", rating_count: 1 }]);
    await expectNoDrift(db);
  });

  test("of conversations goes through while a cursor of its own transaction reads the metrics", async ({ db }) => {
    await populate(db);

    await db.begin(async (tx) => {
      await tx`declare reading cursor for select * from conversation_metrics`;
      await tx`fetch reading`;
      await tx`truncate conversations cascade`;
    });

    expect(await metricsOf(db)).toEqual([]);
    await expectNoDrift(db);
  });

  test("of conversations goes through after first rows were exchanged whose uniqueness is yet to be checked", async ({
    db,
  }) => {
    await db`insert into conversations (id, session_id, message) values (1, 'a', 'hi'), (2, 'b', 'hi')`;

    await db.begin(async (tx) => {
      await tx`set constraints all deferred`;
      await tx`update conversations set session_id = case id when 1 then 'b' else 'a' end`;
      await tx`truncate conversations cascade`;
    });

    expect(await metricsOf(db)).toEqual([]);
    await expectNoDrift(db);
  });

  test("needs no current snapshot in READ UNCOMMITTED, which is READ COMMITTED", async ({ db, connect }) => {
    await populate(db);
    const other = await connect().reserve();
    await other`begin`;
    await other`insert into leads (session_id, name) values ('other', 'Bo')`;

    await db.begin("isolation level read uncommitted", async (tx) => {
      await tx`select 1`;
      await tx`truncate feedback`;
    });

    await other`commit`;
    other.release();
    await expectNoDrift(db);
  });

  test("of leads does not deadlock with a writer who holds a session that it waits for", async ({ db, connect }) => {
    await db`insert into leads (session_id, name) values ('s', 'Ann')`;
    const actors = await openActors(connect({ max: 2 }), 2);
    const writes = [
      "begin",
      "insert into conversations (session_id, message) values ('s', 'hi')",
      "insert into feedback (session_id, rating) values ('s', 5)",
      "commit",
    ];

    const outcomes = await play(db, actors, [writes, ["truncate leads"]], [0, 0, 1, 0, 0]);

    expect(outcomes).toEqual(["done", "done"]);
    expect(await metricsOf(db)).toMatchObject([{ has_lead: false, rating_count: 1 }]);
    await expectNoDrift(db);
  });

  test("beside writers of single statements never deadlocks", { timeout: 60_000 }, async ({ db, connect }) => {
    // whose check and TRUNCATE's order of tables deadlock of themselves
    await db`alter table feedback drop constraint feedback_conversation_id_fkey`;
    const pool = connect({ max: 6 });
    const until = Date.now() + 4_000;
    const go = async (statement: (n: number) => string) => {
      for (let n = 0; Date.now() < until; n++) await pool.unsafe(statement(n));
    };

    await Promise.all([
      go((n) => `insert into leads (session_id, name) values ('s${n % 5}', 'Ann')`),
      go((n) => `insert into leads (session_id, name) values ('s${(n * 3) % 5}', 'Bo')`),
      go((n) => `insert into conversations (session_id, message) values ('s${(n * 2) % 5}', 'hi')`),
      go((n) => `insert into feedback (session_id, rating) values ('s${(n * 4) % 5}', 3)`),
      go(() => "truncate leads"),
      go(() => "truncate conversations"),
    ]);

    await expectNoDrift(db);
  });

  test("ids that start again after a TRUNCATE count as new rows", async ({ db }) => {
    await populate(db);

    await db`truncate conversations, feedback restart identity`;
    await db`insert into conversations (session_id, message) values ('b', 'hi'), ('other', 'hi')`;

    expect(await metricsOf(db)).toMatchObject([
      { session_id: "b", conversation_id: "1" },
      { session_id: "other", conversation_id: "2" },
    ]);
    await expectNoDrift(db);
  });

  test("a TRUNCATE between other writes of one transaction is exact", async ({ db }) => {
    await populate(db);

    await db.begin(async (tx) => {
      await tx`update conversations set session_id = 'moved' where id % 2 = 0`;
      await tx`truncate conversations cascade`;
      await tx`insert into conversations (session_id, message) select 's' || n % 3, 'hi' from generate_series(1, 9) as n`;
      await tx`delete from conversations where session_id = 's0'`;
    });

    expect(await metricsOf(db)).toHaveLength(2);
    await expectNoDrift(db);
  });

  test("a TRUNCATE that is rolled back leaves all as it was", async ({ db }) => {
    await populate(db);
    const before = await metricsOf(db);

    await expect(
      db.begin(async (tx) => {
        await tx`truncate conversations, leads, feedback`;
        throw new Error("changed my mind");
      }),
    ).rejects.toThrow("changed my mind");

    expect(await metricsOf(db)).toEqual(before);
    await expectNoDrift(db);
  });
});
