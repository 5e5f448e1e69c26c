import { describe, expect } from "vitest";
import { test } from "./support/database.ts";
import { expectNoDrift, metricsOf } from "./support/oracle.ts";
import { populate } from "./support/population.ts";

describe("a writable CTE", () => {
  test("may write all three tables in one statement", async ({ db }) => {
    await db`
      with said as (
        insert into conversations (organization_id, session_id, message) values (1, 's', 'hi'), (1, 't', 'hi') returning *
      ), known as (
        insert into leads (organization_id, session_id, name) select organization_id, session_id, 'Ann' from said
      )
      insert into feedback (conversation_id, rating) select id, 4 from said`;

    expect(await metricsOf(db)).toMatchObject([
      { session_id: "s", lead_name: "Ann", rating_count: 1 },
      { session_id: "t", lead_name: "Ann", rating_count: 1 },
    ]);
    await expectNoDrift(db);
  });

  test("may delete rows and write them anew elsewhere", async ({ db }) => {
    await populate(db);

    await db`
      with gone as (delete from conversations where id % 2 = 0 returning *)
      insert into conversations (session_id, message, response, created_at)
      select session_id || '2', message, response, created_at from gone`;

    await expectNoDrift(db);
  });

  test("may insert, update and delete rows of one session at once", async ({ db }) => {
    await populate(db);

    await db`
      with gone as (delete from conversations where session_id = 'a' and id % 2 = 0 returning *),
      changed as (update conversations set message = 'changed', session_id = 'a' where id % 5 = 0 and id % 2 = 1),
      more as (insert into conversations (organization_id, session_id, message) select 1, 'a', 'more' from gone)
      update leads set session_id = 'a' where id % 2 = 0`;

    await expectNoDrift(db);
  });

  test("may delete a conversation row that the same statement's feedback was on", async ({ db }) => {
    await populate(db);

    await db`
      with gone as (delete from feedback where id = 1)
      delete from conversations where id = 1`;

    await expectNoDrift(db);
  });
});

describe("MERGE", () => {
  const source = `(select * from (values
      (1, 'a', 'merged'), (2, 'b', null), (3, 'moved', 'merged'), (4, 'gone', 'x'), (501, 'a', 'new'), (502, 'new', 'new')
    ) as v (id, session_id, message))`;

  test.for([
    ["insert alone", "when not matched then insert (id, session_id, message) values (v.id, v.session_id, v.message)"],
    ["update alone", "when matched then update set session_id = v.session_id, message = v.message"],
    ["delete alone", "when matched then delete"],
    [
      "insert, update and delete at once",
      `when matched and v.session_id = 'gone' then delete
       when matched and v.session_id = 'a' then do nothing
       when matched then update set session_id = v.session_id, message = v.message, organization_id = 2
       when not matched then insert (id, session_id, message) values (v.id, v.session_id, v.message)`,
    ],
    ["do nothing at all", "when not matched then do nothing"],
  ] as const)("%s is exact", async ([, actions], { db }) => {
    await populate(db);

    await db.unsafe(`merge into conversations as c using ${source} as v on v.id = c.id ${actions}`);

    await expectNoDrift(db);
  });

  test("into leads and into feedback is exact", async ({ db }) => {
    await populate(db);

    await db.unsafe(`merge into leads as l using ${source} as v on v.id = l.id
      when matched and v.session_id = 'gone' then delete
      when matched then update set session_id = v.session_id, name = v.message
      when not matched then insert (id, session_id, name) values (v.id, v.session_id, v.message)`);
    await db.unsafe(`merge into feedback as f using ${source} as v on v.id = f.id
      when matched and v.session_id = 'gone' then delete
      when matched then update set session_id = v.session_id, rating = 1
      when not matched then insert (id, session_id, rating) values (v.id, v.session_id, 2)`);

    await expectNoDrift(db);
  });
});
