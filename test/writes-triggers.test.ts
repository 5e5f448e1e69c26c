import { describe } from "vitest";
import type { Sql } from "../src/database.ts";
import { test } from "./support/database.ts";
import { expectNoDrift } from "./support/oracle.ts";
import { populate } from "./support/population.ts";

/** Gives a table a trigger of the application's own. Its body runs once at each depth below 3. */
const trigger = async (db: Sql, name: string, when: string, table: string, body: string, rest = "for each row") => {
  await db.unsafe(`
    create function public.${name}() returns trigger language plpgsql as $$
    begin
      if pg_trigger_depth() < 3 then ${body} end if;
      return case when TG_OP = 'DELETE' then OLD else NEW end;
    end $$;
    create trigger ${name} ${when} on ${table} ${rest} execute function public.${name}()`);
};

/** Every write that may set a trigger off, one statement after the other. */
const writeAll = async (db: Sql) => {
  await db`insert into conversations (session_id, message) values ('s', 'hi')`;
  await db`insert into conversations (session_id, message) select 's' || n % 3, 'hi' from generate_series(1, 50) as n`;
  await expectNoDrift(db);
  await db`update conversations set message = 'changed' where id = 3`;
  await db`update conversations set session_id = 't', message = 'moved' where id % 3 = 0`;
  await expectNoDrift(db);
  await db`insert into leads (session_id, name) values ('s', 'Ann'), ('s1', 'Ben')`;
  await db`update leads set name = 'Cy' where id % 2 = 0`;
  await db`insert into feedback (conversation_id, rating) select id, 3 from conversations where id % 5 = 0`;
  await db`update feedback set rating = 4 where id % 2 = 0`;
  await expectNoDrift(db);
  await db`delete from conversations where id % 4 = 0`;
  await db`delete from leads where id % 3 = 0`;
  await db`delete from feedback where id % 3 = 0`;
  await expectNoDrift(db);
};

const onConversations = [
  [
    "updates the row just inserted",
    "after insert",
    "update conversations set response = 'by trigger' where id = NEW.id;",
  ],
  [
    "moves the row just inserted",
    "after insert",
    "update conversations set session_id = 'by trigger' where id = NEW.id;",
  ],
  ["deletes the row just inserted", "after insert", "delete from conversations where id = NEW.id and NEW.id % 2 = 0;"],
  [
    "inserts another row into the same session",
    "after insert",
    "insert into conversations (session_id, message) values (NEW.session_id, 'by trigger');",
  ],
  [
    "updates the other rows of the session",
    "after insert",
    "update conversations set message = message || '.' where session_id = NEW.session_id and id <> NEW.id;",
  ],
  ["changes a row's number", "after insert", "update conversations set id = -id where id = NEW.id;"],
  ["updates the row just updated", "after update", "update conversations set response = 'again' where id = NEW.id;"],
  [
    "moves the row just updated",
    "after update",
    "update conversations set session_id = 'by trigger' where id = NEW.id;",
  ],
  ["deletes the row just updated", "after update", "delete from conversations where id = NEW.id and NEW.id % 2 = 0;"],
  [
    "deletes the session of the row just updated",
    "after update",
    "delete from conversations where session_id = NEW.session_id and id <> NEW.id;",
  ],
  [
    "inserts the row just deleted again",
    "after delete",
    "insert into conversations (id, session_id, message) values (OLD.id, OLD.session_id, 'by trigger');",
  ],
  [
    "deletes the rest of the session of a deleted row",
    "after delete",
    "delete from conversations where session_id = OLD.session_id;",
  ],
  [
    "moves a row before it is written",
    "before insert or update",
    "NEW.session_id := 'before'; NEW.message := 'before';",
  ],
  [
    "writes leads and feedback",
    "after insert",
    `insert into leads (session_id, name) values (NEW.session_id, 'L' || NEW.id);
     insert into feedback (conversation_id, rating) values (NEW.id, 1 + NEW.id % 5);`,
  ],
] as const;

// Triggers of one table fire in the order of their names: one before ours, one after.
for (const name of ["_000_first", "zzz_last"]) {
  describe(`the application's own row trigger ${name}`, () => {
    test.for(onConversations)("one that %s is exact", async ([, when, body], { db }) => {
      await trigger(db, name, when, "conversations", body);

      await writeAll(db);
    });
  });
}

describe("the application's own triggers elsewhere", () => {
  test("one that changes the row once more, back or on, is exact", async ({ db }) => {
    await populate(db);
    await trigger(
      ...([db, "twice", "after update", "conversations"] as const),
      "update conversations set message = reverse(message) || message, response = 'by the trigger' where id = NEW.id;",
    );

    await db`update conversations set response = 'by hand', responded_at = created_at + interval '3 s' where id = 1`;
    await db`update conversations set message = 'by hand' where id = 2`;
    await db`update conversations set prompt_tokens = 3, completion_tokens = 4 where id = 1`;

    await expectNoDrift(db);
  });

  test("one that drops rows before they are written is exact", async ({ db }) => {
    await db.unsafe(`create function public.refuse() returns trigger language plpgsql as $$
      begin return case when NEW.id % 2 = 0 then NEW end; end $$;
      create trigger refuse before insert or update on conversations for each row execute function public.refuse()`);

    await writeAll(db);
  });

  test.for([
    ["leads", "after insert or update", "update leads set name = name || '!', session_id = 't' where id = NEW.id;"],
    ["leads", "after insert", "delete from leads where id = NEW.id;"],
    ["leads", "after delete", "insert into leads (session_id, name) values (OLD.session_id, 'again');"],
    ["leads", "after insert", "insert into conversations (session_id, message) values (NEW.session_id, 'by trigger');"],
    ["feedback", "after insert or update", "update feedback set rating = 5 where id = NEW.id;"],
    ["feedback", "after insert", "delete from feedback where id = NEW.id;"],
    ["feedback", "after insert", "update conversations set session_id = 'rated' where id = NEW.conversation_id;"],
    ["feedback", "after delete", "insert into feedback (session_id, rating) values ('s', 1);"],
  ] as const)("on %s, %s: %s", async ([table, when, body], { db }) => {
    await trigger(db, "zzz_last", when, table, body);

    await writeAll(db);
  });

  test("a statement trigger with transition tables beside ours is exact", async ({ db }) => {
    await trigger(
      db,
      "zzz_last",
      "after insert",
      "conversations",
      "update conversations set session_id = session_id || 'x' where id in (select id from fresh where id % 2 = 0);",
      "referencing new table as fresh for each statement",
    );

    await writeAll(db);
  });

  test("a deferred constraint trigger that writes at commit is exact", async ({ db }) => {
    await db.unsafe(`create function public.late() returns trigger language plpgsql as $$
      begin
        update conversations set message = 'late', session_id = 'late' where id = NEW.id and pg_trigger_depth() < 2;
        return null;
      end $$;
      create constraint trigger late after insert on conversations deferrable initially deferred
        for each row execute function public.late()`);
    await populate(db);

    await writeAll(db);
  });

  test("rules that rewrite a write into others are exact", async ({ db }) => {
    await db.unsafe(`
      create rule say as on insert to leads
        do also insert into conversations (session_id, message) values (NEW.session_id, NEW.name);
      create rule keep as on delete to leads
        do instead update leads set name = 'kept', session_id = 't' where id = OLD.id;
      create rule unsay as on update to feedback where NEW.rating = 4
        do also delete from conversations where id = OLD.conversation_id`);

    await writeAll(db);
  });
});
