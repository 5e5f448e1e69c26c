import { describe, expect } from "vitest";
import { test } from "./support/database.ts";
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
