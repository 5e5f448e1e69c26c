import { describe } from "vitest";
import { test } from "./support/database.ts";
import { expectNoDrift } from "./support/oracle.ts";
import { populate } from "./support/population.ts";

describe("UPDATE of a primary key", () => {
  test.for([
    ["of one row", "id = id + 5000 where id = 26"],
    ["of every row without feedback, downwards", "id = -id where id > 24"],
    ["into the middle of the order", "id = 0, created_at = '2025-03-01' where id = 30"],
    ["together with the session", "id = id + 5000, session_id = 'moved' where id > 24"],
    ["with feedback to the row, which follows it", "id = id + 5000 where id < 10"],
  ] as const)("%s is exact", async ([, change], { db }) => {
    await populate(db);
    await db.unsafe(`do $$ declare c name; begin
      select conname into strict c from pg_constraint where conrelid = 'feedback'::regclass and contype = 'f';
      execute format('alter table feedback drop constraint %I', c);
      alter table feedback add foreign key (conversation_id) references conversations on update cascade;
    end $$`);

    await db.unsafe(`update conversations set ${change}`);

    await expectNoDrift(db);
  });

  test("rows may trade ids where the application's key is deferrable", async ({ db }) => {
    await db.unsafe(`alter table conversations drop constraint conversations_pkey cascade;
      alter table conversations add primary key (id) deferrable`);
    await populate(db);

    await db`update conversations set id = 37 - id where id <= 36`;

    await expectNoDrift(db);
  });

  test("a lead's and a feedback's key may change", async ({ db }) => {
    await populate(db);

    await db`update leads set id = 100 - id`;
    await db`update feedback set id = 100 - id`;
    await db`update leads set id = id + 5000, session_id = 'b' where id % 2 = 0`;
    await db`update feedback set id = id + 5000, rating = 5 where id % 2 = 0`;

    await expectNoDrift(db);
  });
});
