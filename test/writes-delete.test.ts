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
