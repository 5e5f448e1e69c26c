import { describe, expect } from "vitest";
import type { Sql } from "../src/database.ts";
import { test } from "./support/database.ts";
import { migrated } from "./support/migrated.ts";
import { expectNoDrift, metricsOf } from "./support/oracle.ts";
import { populate } from "./support/population.ts";
import { repair } from "./support/repair.ts";

// Each of these holds one line of the engine (named in brackets) that no other test does.

describe("the end of a session", () => {
  const late = "'2025-03-01 00:00:01+00', '2025-03-01 01:00:00+00'";
  const lateRow = `insert into conversations (session_id, message, response, created_at, responded_at)`;
  // [longest_lag = greatest(…) in tg_conversations__insert, apply_deltas, count_new_messages_sql and change_in_place]
  test.for([
    ["one row", `${lateRow} values ('s', 'hi', 'late', ${late})`],
    ["two rows", `${lateRow} values ('s', 'hi', 'late', ${late}), ('s', 'hi', null, '2025-03-01 00:00:03+00', null)`],
    ["many rows", `${lateRow} select 's', 'hi', 'late', ${late} from generate_series(1, 100)`],
    [
      "an UPDATE of one row",
      "update conversations set response = 'late', responded_at = '2025-03-01 01:00:00+00' where id = 1",
    ],
    [
      "an UPDATE of two rows",
      "update conversations set response = 'late', responded_at = '2025-03-01 01:00:00+00' where id < 3",
    ],
  ] as const)("is found again where a late answer came by %s and a later row goes", async ([, statement], { db }) => {
    await db`
      insert into conversations (id, session_id, message, response, created_at) values
        (1, 's', 'hi', 'soon', '2025-03-01 00:00:00+00'), (2, 's', 'hi', 'soon', '2025-03-01 00:00:00.5+00'),
        (3, 's', 'hi', 'soon', '2025-03-01 00:00:02+00')`;
    await db`alter sequence conversations_id_seq restart 10`;
    await db.unsafe(statement);
    await db`insert into conversations (id, session_id, message, created_at) values (4, 's', 'hi', '2025-03-01 02:00:00+00')`;

    await db`delete from conversations where id = 4`;

    expect(await metricsOf(db)).toMatchObject([{ conversation_duration: 3600 }]);
    await expectNoDrift(db);
  });

  // [keeps_its_place: l.ended_at <= new_row.ended_at]
  test.for([
    ["earlier", "update conversations set responded_at = responded_at - interval '1 minute'"],
    ["unknown", "update conversations set responded_at = null"],
    ["no answer's", "update conversations set response = null, responded_at = null, role = 'assistant'"],
  ] as const)("moves back where its answer's time becomes %s", async ([, statement], { db }) => {
    await db`
      insert into conversations (session_id, message, response, created_at, responded_at)
      values ('s', 'hi', 'hello', '2025-03-01 00:00:00+00', '2025-03-01 00:05:00+00')`;

    await db.unsafe(statement);

    await expectNoDrift(db);
  });
});

describe("a question and the row after it", () => {
  const rows = (first: string, second: string) => [
    `insert into conversations (id, session_id, role, message, response, created_at) values (1, 's', ${first}, '2025-03-01 00:00:00+00')`,
    `insert into conversations (id, session_id, role, message, response, created_at) values (2, 's', ${second}, '2025-03-01 00:00:07+00')`,
  ];

  // [keeps_its_place: not is_open(new_row)]
  test("are paired where an UPDATE of one row takes the question's own response away", async ({ db }) => {
    for (const row of rows("null, 'hi', 'hello'", "'assistant', 'hello', null")) await db.unsafe(row);

    await db`update conversations set response = null where id = 1`;

    expect(await metricsOf(db)).toMatchObject([{ response_count: 1, average_response_time: 7 }]);
    await expectNoDrift(db);
  });

  // [keeps_its_place: the part in pairing answers]
  test.for([
    [
      "is not any more where an UPDATE of one row makes the answer an exchange",
      "'assistant', 'hello', null",
      "role = 'user', response = 'hello'",
      0,
    ],
    ["is where an UPDATE of one row makes an exchange the answer", "'user', 'hello', 'hello'", "role = 'assistant'", 1],
  ] as const)("a pair %s", async ([, second, change, count], { db }) => {
    for (const row of rows("'user', 'hi', null", second)) await db.unsafe(row);

    await db.unsafe(`update conversations set ${change} where id = 2`);

    expect(await metricsOf(db)).toMatchObject([{ response_count: count }]);
    await expectNoDrift(db);
  });
});

// [add_answers in tg_conversations__insert: the row that came in between others]
test.for([
  ["a question between a question and its answer takes the answer", ["user 0", "assistant 10", "user 4"], 1, 6],
  ["a note between a question and its answer parts them", ["user 0", "assistant 10", "system 4"], 0, null],
  ["an answer between two questions answers the first", ["user 0", "user 10", "assistant 4"], 1, 4],
] as const)("of rows that come one by one and out of order, %s", async ([, rows, count, seconds], { db }) => {
  for (const row of rows) {
    const [role = "", second = ""] = row.split(" ");
    await db`insert into conversations (session_id, role, message, created_at)
      values ('s', ${role}, 'hi', timestamptz '2025-03-01' + ${second}::int * interval '1 s')`;
  }

  expect(await metricsOf(db)).toMatchObject([{ response_count: count, average_response_time: seconds }]);
  await expectNoDrift(db);
});

test("the end of a session is found again beside a row of unknown time", async ({ db }) => {
  // [session_bounds: last.created_at < 'infinity']
  await db`insert into conversations (id, session_id, message, created_at) values
    (1, 's', 'hi', '2025-03-01'), (2, 's', 'hi', '2025-03-02'), (3, 's', 'hi', '2025-03-03'), (4, 's', 'hi', 'infinity')`;

  await db`delete from conversations where id = 3`;

  expect(await metricsOf(db)).toMatchObject([{ conversation_duration: 86400 }]);
  await expectNoDrift(db);
});

describe("repair", () => {
  // [rebuild_sessions: the session's and the organization's id]
  test.for(["session_id = 'other'", "organization_id = 9", "organization_id = null"])(
    "heals %s of a metrics row",
    async (tamper, { db }) => {
      await populate(db);
      await db.unsafe(`update conversation_metrics set ${tamper} where organization_id = 1 and session_id = 'a'`);

      await repair(db);

      await expectNoDrift(db);
    },
  );

  // [rebuild_sessions: pair_answers]
  test("heals an answer in a session whose metrics row knows of no question", async ({ db }) => {
    await db`insert into conversations (id, session_id, role, message, created_at) values
      (1, 's', 'user', 'hi', '2025-03-01 00:00:00+00'), (2, 's', 'assistant', 'hello', '2025-03-01 00:00:03+00')`;
    await db`update metrics.messages set response_us = 5 where conversation_id = 1`;
    await db`update conversation_metrics set open_rows = 0`;

    await repair(db);

    await expectNoDrift(db);
  });

  // [enter_sessions: is_known]
  test.for([
    ["lead", "insert into leads (session_id, name) values ('s', 'Ann')"],
    ["rating", "insert into feedback (session_id, rating) values ('s', 3)"],
  ] as const)("remembers a session's %s for when its rows go and come again", async ([, extra], { db }) => {
    await db.unsafe(extra);
    await db`insert into conversations (session_id, message) values ('s', 'hi')`;
    await db`update conversation_metrics set user_messages = 7`;

    await repair(db);
    await db`delete from conversations`;
    await db`insert into conversations (session_id, message) values ('s', 'hi')`;

    await expectNoDrift(db);
  });
});

describe("TRUNCATE in a transaction whose snapshot is old", () => {
  // Without a foreign key of feedback: TRUNCATE would reach feedback, whose trigger asks the same.
  const feedback = "create table feedback (id bigint primary key, conversation_id bigint, rating integer)";

  // [forget_messages: the snapshot where a foreign key holds the metrics]
  test("fails with 40001 where a foreign key names the metrics", async ({ bareDb, bareUrl, bareConnect }) => {
    const db = await migrated({ bareDb, bareUrl }, feedback);
    await db`create table notes (session_key uuid references conversation_metrics on delete cascade)`;
    const old = await bareConnect({ max: 1 }).reserve();
    await old.unsafe("begin isolation level repeatable read; select 1");
    await db`insert into conversations (session_id, message) values ('s', 'hi')`;

    await expect(old.unsafe("truncate conversations")).rejects.toMatchObject({ code: "40001" });

    await old.unsafe("rollback");
    await expectNoDrift(db);
  });

  // [forget_messages: the snapshot where other rows are left]
  test("fails with 40001 where it empties one of two partitions", async ({ bareDb, bareUrl, bareConnect }) => {
    const db = await migrated(
      { bareDb, bareUrl },
      `${feedback};
       create table conversations (id bigint primary key, session_id text, message text, created_at timestamptz default now())
         partition by range (id);
       create table low partition of conversations for values from (0) to (100);
       create table high partition of conversations for values from (100) to (200);
       insert into conversations values (100, 's', 'hi')`,
    );
    const old = await bareConnect({ max: 1 }).reserve();
    await old.unsafe("begin isolation level repeatable read; select 1");
    await db`insert into conversations values (1, 't', 'hi')`;

    await expect(old.unsafe("truncate low")).rejects.toMatchObject({ code: "40001" });

    await old.unsafe("rollback");
    await expectNoDrift(db);
  });
});

describe("updated_at", () => {
  const lastChange = async (db: Sql) => {
    const [row] = await db<{ updated: string }[]>`select updated_at::text as updated from conversation_metrics`;
    return row?.updated;
  };

  // [apply_deltas: first.user_id in "is distinct from"; change_in_place the same]
  test.for([
    ["user", "one row", "update conversations set user_id = 7 where id = 1"],
    ["user", "several rows", "update conversations set user_id = 7"],
    ["widget", "one row", "update conversations set widget_id = 7 where id = 1"],
    ["widget", "several rows", "update conversations set widget_id = 7"],
  ] as const)("moves with the %s of a session's first row, in an UPDATE of %s", async ([, , statement], { db }) => {
    await db`insert into conversations (id, session_id, message, response) values (1, 's', 'hi', 'hello'), (2, 's', 'hi', 'hello')`;
    const before = await lastChange(db);

    await db.unsafe(statement);

    expect(await lastChange(db)).not.toBe(before);
    await expectNoDrift(db);
  });
});

describe("leads and ratings that were there before their session's first rows", () => {
  // [apply_deltas: with_extras; add_first_row; count_new_messages_sql: opened … is_known]
  test.for([1, 2, 64, 65])("are shown when %i rows come at once", async (rows, { db }) => {
    await db`insert into leads (session_id, name) values ('s', 'Ann')`;
    await db`insert into feedback (session_id, rating) values ('s', 4)`;

    await db`insert into conversations (session_id, message) select 's', 'hi' from generate_series(1, ${rows}::int)`;

    expect(await metricsOf(db)).toMatchObject([{ lead_name: "Ann", rating_count: 1 }]);
    await expectNoDrift(db);
  });
});

describe("a database restored in parts", () => {
  // [apply_deltas: stale; add_first_row: not exists … m.conversation_id; unique_violation in tg_conversations__insert]
  test.for([1, 2, 100])("whose metrics claim a first row that is another's now takes %i rows", async (rows, { db }) => {
    await db`insert into conversations (id, session_id, message) values (1, 'old', 'hi')`;
    await db.begin(async (tx) => {
      await tx`set local session_replication_role = replica`;
      await tx`delete from conversations`;
      await tx`delete from metrics.messages`;
    });

    await db`insert into conversations (id, session_id, message) select n, 'new', 'hi' from generate_series(1, ${rows}::int) as n`;

    expect(await metricsOf(db)).toMatchObject([{ session_id: "new", message_rows: rows }]);
    await db`select metrics.repair()`;
    await expectNoDrift(db);
  });

  // [add_first_row: not exists … metrics.messages]
  test("whose metrics row is gone has it whole again with the session's next row", async ({ db }) => {
    await db`insert into conversations (session_id, message, response) values ('s', 'hi', 'hello'), ('s', 'hi', 'hello')`;
    await db`delete from conversation_metrics`;

    await db`insert into conversations (session_id, message) values ('s', 'hi')`;

    expect(await metricsOf(db)).toMatchObject([{ message_rows: 3, total_messages: 5 }]);
    await expectNoDrift(db);
  });
});
