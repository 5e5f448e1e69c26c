import { describe, expect } from "vitest";
import { test } from "./support/database.ts";
import { expectNoDrift, metricsOf } from "./support/oracle.ts";
import { populate } from "./support/population.ts";

describe("DELETE", () => {
  test.for([
    ["one row", "conversations where id = 20"],
    ["the first row of every session", "conversations where id < 10"],
    ["the last row of every session", "conversations where id > 27"],
    ["a question that the next row answers", "conversations where role = 'user' and id % 2 = 0"],
    ["an answer to the row before it", "conversations where role = 'assistant' and id % 2 = 0"],
    ["all rows of one session", "conversations where session_id = 'a' and organization_id = 1"],
    ["all rows of an organization", "conversations where organization_id is null"],
    ["every row", "conversations"],
    ["no row", "conversations where false"],
    ["rows picked by another table", "conversations using leads as l where l.id = conversations.id"],
    ["one lead", "leads where id = 12"],
    ["every lead of a session", "leads where session_id = 'a'"],
    ["every lead", "leads"],
    ["one rating", "feedback where id = 3"],
    ["every other rating", "feedback where id % 2 = 0"],
    ["all feedback", "feedback"],
  ] as const)("of %s is exact", async ([, what], { db }) => {
    await populate(db);

    await db.unsafe(`delete from ${what}`);

    await expectNoDrift(db);
  });

  test("rows deleted one by one leave the session at every step as it would be without them", async ({ db }) => {
    await populate(db);
    const ids = await db<{ id: string }[]>`select id from conversations order by id % 7, id`;

    for (const { id } of ids) {
      await db`delete from conversations where id = ${id}`;
      await expectNoDrift(db);
    }

    expect(await metricsOf(db)).toEqual([]);
  });

  test("an id that was deleted may come back in another session", async ({ db }) => {
    await populate(db);

    await db`delete from conversations where id = 5`;
    await db`insert into conversations (id, session_id, message) values (5, 'elsewhere', 'hi')`;

    await expectNoDrift(db);
  });

  test("an id may be deleted and come back within one transaction", async ({ db }) => {
    await populate(db);

    await db.begin(async (tx) => {
      await tx`delete from conversations where id in (5, 6, 7)`;
      await tx`insert into conversations (id, session_id, message) values (5, 'elsewhere', 'hi'), (6, 'a', 'hi')`;
      await tx`delete from conversations where id = 5`;
      await tx`insert into conversations (id, organization_id, session_id, message) values (5, 1, 'a', 'again')`;
    });

    await expectNoDrift(db);
  });
});

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

describe("foreign keys", () => {
  test("rows deleted by a cascade from a parent are uncounted", async ({ db }) => {
    await db.unsafe(`create table organizations (id bigint primary key);
      insert into organizations values (1), (2);
      alter table conversations add foreign key (organization_id) references organizations on delete cascade on update cascade;
      alter table leads add foreign key (organization_id) references organizations on delete cascade on update cascade`);
    await populate(db);

    await db`delete from organizations where id = 1`;

    expect((await metricsOf(db)).map((row) => row.organization_id)).not.toContain("1");
    await expectNoDrift(db);
  });

  test("rows whose organization is renumbered by a cascade move with it", async ({ db }) => {
    await db.unsafe(`create table organizations (id bigint primary key);
      insert into organizations values (1), (2);
      alter table conversations add foreign key (organization_id) references organizations on update cascade;
      alter table leads add foreign key (organization_id) references organizations on update cascade`);
    await populate(db);

    await db`update organizations set id = 42 where id = 1`;

    expect((await metricsOf(db)).map((row) => row.organization_id)).toContain("42");
    await expectNoDrift(db);
  });

  test("feedback that loses its conversation row by SET NULL is uncounted", async ({ db }) => {
    await db.unsafe(`alter table feedback drop constraint feedback_conversation_id_fkey;
      alter table feedback add foreign key (conversation_id) references conversations on delete set null`);
    await populate(db);

    await db`delete from conversations where id in (1, 2, 3, 4, 5)`;

    await expectNoDrift(db);
  });

  test("feedback whose conversation row is gone counts again when the row comes back", async ({ db }) => {
    await db.unsafe("alter table feedback drop constraint feedback_conversation_id_fkey");
    await populate(db);

    await db`delete from conversations where id in (1, 3)`;
    await expectNoDrift(db);
    await db`insert into conversations (id, session_id, message) values (1, 'back', 'hi'), (3, 'a', 'hi')`;

    expect(await metricsOf(db)).toContainEqual(expect.objectContaining({ session_id: "back", rating_count: 1 }));
    await expectNoDrift(db);
  });
});
