import { describe, expect } from "vitest";
import { test } from "./support/database.ts";
import { expectNoDrift, metricsOf } from "./support/oracle.ts";
import { populate } from "./support/population.ts";

// Every mapped column of every source, with values that change what it counts for.
const assignments = [
  ["conversations", "session_id = 'b'"],
  ["conversations", "session_id = 'new'"],
  ["conversations", "session_id = ''"],
  ["conversations", "organization_id = 2"],
  ["conversations", "organization_id = null"],
  ["conversations", "organization_id = 77, session_id = 'new'"],
  ["conversations", "widget_id = null"],
  ["conversations", "widget_id = 99, user_id = 98"],
  ["conversations", "role = 'user'"],
  ["conversations", "role = 'assistant'"],
  ["conversations", "role = 'system'"],
  ["conversations", "role = null"],
  ["conversations", "message = ''"],
  ["conversations", "message = null"],
  ["conversations", "message = 'a message of another size'"],
  ["conversations", "response = null"],
  ["conversations", "response = ''"],
  ["conversations", "response = 'a response of another size'"],
  ["conversations", "message = response, response = message"],
  ["conversations", "prompt_tokens = 1000, completion_tokens = 2000"],
  ["conversations", "prompt_tokens = null, completion_tokens = null"],
  ["conversations", "created_at = created_at - interval '1 day'"],
  ["conversations", "created_at = created_at + interval '1 day'"],
  ["conversations", "created_at = '2025-03-01 00:01:00+00'"],
  ["conversations", "created_at = 'infinity'"],
  ["conversations", "responded_at = null"],
  ["conversations", "responded_at = created_at + interval '90 s'"],
  ["conversations", "responded_at = '-infinity'"],
  ["conversations", "model = 'counts for nothing'"],
  ["leads", "organization_id = 2, session_id = 'b'"],
  ["leads", "organization_id = null"],
  ["leads", "session_id = 'nobody'"],
  ["leads", "name = null, email = 'other@lead.example', company = 'Other'"],
  ["leads", "created_at = '2025-03-01 00:00:00+00'"],
  ["leads", "phone = '1', custom_fields = '{}'"],
  ["feedback", "organization_id = 2, session_id = 'b'"],
  ["feedback", "session_id = null"],
  ["feedback", "conversation_id = 2"],
  ["feedback", "conversation_id = null"],
  ["feedback", "rating = 1"],
  ["feedback", "rating = null"],
  ["feedback", "feedback_text = 'counts for nothing'"],
] as const;

const picks = ["where false", "where id = 4", "where id = 1", "where id % 3 > 0 and id % 5 > 0", ""];

describe("UPDATE of no row, of one, of a session's first, of some and of every row", () => {
  test.for(assignments)("in %s: %s", async ([table, assignment], { db }) => {
    await populate(db);

    for (const where of picks) {
      await db.unsafe(`update ${table} set ${assignment} ${where}`);
      await expectNoDrift(db);
    }
  });
});

describe("UPDATE", () => {
  test("an answer that is filled in later, piece by piece, counts as it stands at each commit", async ({ db }) => {
    await db`insert into conversations (id, session_id, message, response, created_at)
      values (1, 's', 'hi', '', '2025-03-01 00:00:00+00')`;
    const seen = [];
    for (const response of ["hell", "hello, how", "hello, how are you?"]) {
      await db`update conversations set response = ${response}, responded_at = '2025-03-01 00:00:04+00' where id = 1`;
      seen.push((await metricsOf(db))[0]?.completion_tokens);
    }

    expect(seen).toEqual([1, 3, 5]);
    expect(await metricsOf(db)).toMatchObject([{ open_rows: 0, total_messages: 2, average_response_time: 4 }]);
    await expectNoDrift(db);
  });

  test("rows may trade places between two sessions in one statement", async ({ db }) => {
    await populate(db);

    await db`update conversations set session_id = case session_id when 'a' then 'b' when 'b' then 'a' else session_id end`;

    await expectNoDrift(db);
  });

  test("first rows may go round three sessions in one statement", async ({ db }) => {
    await populate(db);
    const before = await metricsOf(db);

    await db`update conversations set session_id = translate(session_id, 'abc', 'bca') where session_id in ('a', 'b', 'c')`;

    await expectNoDrift(db);
    expect((await metricsOf(db)).map((row) => row.conversation_id).sort()).toEqual(
      before.map((row) => row.conversation_id).sort(),
    );
  });

  test("a foreign key of the application may refer to conversation_metrics", async ({ db }) => {
    await db`insert into conversations (session_id, message) values ('s', 'hi')`;
    await db`create table notes (conversation_id bigint references conversation_metrics (conversation_id) on update cascade)`;
    await db`insert into notes values (1)`;

    await db`insert into conversations (session_id, message, created_at) values ('s', 'before', now() - interval '1 day')`;

    expect(await db`select conversation_id from notes`).toEqual([{ conversation_id: "2" }]);
    await expectNoDrift(db);
  });

  test("all sessions may become one", async ({ db }) => {
    await populate(db);

    await db`update conversations set organization_id = 1, session_id = 'all'`;

    expect(await metricsOf(db)).toMatchObject([{ organization_id: "1", session_id: "all", message_rows: 36 }]);
    await expectNoDrift(db);
  });

  test("one session may become many", async ({ db }) => {
    await db`insert into conversations (session_id, message) select 's', 'hi' from generate_series(1, 100)`;

    await db`update conversations set session_id = 's' || id`;

    expect(await metricsOf(db)).toHaveLength(100);
    await expectNoDrift(db);
  });

  test("a row and what stands in it may all change at once", async ({ db }) => {
    await populate(db);

    await db`update conversations set id = id + 5000, organization_id = 9, session_id = 'z' || id % 2, role = null,
      message = 'm', response = 'r', created_at = '2024-01-01', responded_at = '2024-01-01', prompt_tokens = 3
      where not exists (select from feedback where conversation_id = conversations.id)`;

    await expectNoDrift(db);
  });

  test("50,000 rows may be moved and changed in one statement, and deleted in another", async ({ db }) => {
    await db`
      insert into conversations (organization_id, session_id, role, message, created_at)
      select nullif(n % 3, 0), 's' || n % 500, (array['user', 'assistant'])[1 + n % 2], 'hi',
        timestamptz '2025-03-01' + n % 997 * interval '1 s'
      from generate_series(1, 50000) as n`;

    await db`update conversations set session_id = 's' || id % 700, message = 'changed', created_at = created_at - interval '1 h'`;
    await expectNoDrift(db);
    await db`delete from conversations where id % 3 > 0`;

    await expectNoDrift(db);
  });

  test("UPDATE … FROM is exact", async ({ db }) => {
    await populate(db);

    await db`update conversations set session_id = l.session_id, organization_id = l.organization_id
      from leads as l where l.id = conversations.id`;

    await expectNoDrift(db);
  });

  test("UPDATE … WHERE CURRENT OF a cursor is exact", async ({ db }) => {
    await populate(db);

    await db.begin(async (tx) => {
      await tx`declare moving cursor for select from conversations where id < 4 for update`;
      for (let n = 0; n < 3; n += 1) {
        await tx`fetch next from moving`;
        await tx`update conversations set session_id = 'moved', message = 'moved' where current of moving`;
      }
    });

    await expectNoDrift(db);
  });

  test("writing through an updatable view is exact", async ({ db }) => {
    await populate(db);
    await db`create view chat as select id as chat_id, session_id as chat, message as text from conversations`;

    await db`insert into chat (chat, text) values ('by view', 'hi')`;
    await db`update chat set text = 'changed by view', chat = 'by view' where chat_id in (1, 2)`;
    await db`delete from chat where chat_id in (1, 26, 27)`;

    await expectNoDrift(db);
  });
});
