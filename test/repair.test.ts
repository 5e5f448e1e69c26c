import { describe, expect } from "vitest";
import type { Sql } from "../src/database.ts";
import { test } from "./support/database.ts";
import { driftOf, expectDriftToBeFound, expectNoDrift } from "./support/oracle.ts";
import { populate } from "./support/population.ts";

type Found = {
  organization_id: string | null;
  session_id: string;
  column_name: string;
  stored: string | null;
  actual: string | null;
};

const viewOf = (db: Sql) => db<Found[]>`
  select organization_id, session_id, column_name, stored, actual from conversation_metrics_drift
  order by organization_id, session_id, column_name`;
const repair = (db: Sql) => db<Found[]>`
  select organization_id, session_id, column_name, stored, actual from metrics.repair()
  order by organization_id, session_id, column_name`;

/** Writes that only come out right where the ledger behind the metrics is right as well. */
const writeOn = async (db: Sql) => {
  await db`insert into conversations (organization_id, session_id, message, created_at) values (1, 'a', 'hi', '2024-01-01')`;
  await db`update conversations set message = 'changed', session_id = 'b' where id % 3 = 0`;
  await db`delete from conversations where id % 5 = 0`;
  await db`delete from leads where id % 2 = 0`;
  await db`update feedback set rating = 1 where id % 2 = 0`;
  await expectNoDrift(db);
};

const set = (assignment: string) =>
  `update conversation_metrics set ${assignment} where organization_id = 1 and session_id = 'a'`;
const key = "(select session_key from conversation_metrics where organization_id = 1 and session_id = 'a')";

const metricsTampered = [
  ["user messages", set("user_messages = user_messages + 1")],
  ["AI messages", set("ai_messages = 0, estimated_messages = 1")],
  ["prompt tokens", set("prompt_tokens = prompt_tokens + 1000")],
  ["completion tokens", set("completion_tokens = completion_tokens + 1")],
  ["estimated messages", set("estimated_messages = estimated_messages + 1")],
  ["the start", set("conversation_start = conversation_start - interval '1 day'")],
  ["the end", set("conversation_end = conversation_end + interval '1 day'")],
  ["the number of responses", set("response_count = response_count + 1")],
  ["the sum of response times", set("response_us_sum = response_us_sum + 1")],
  ["the lead", set("lead_name = 'Nobody', lead_email = null")],
  ["that there is a lead", set("has_lead = false, lead_name = null, lead_email = null, lead_company = null")],
  ["the number of ratings", set("rating_count = rating_count + 1, rating_sum = rating_sum + 1")],
  ["the sum of ratings", set("rating_sum = rating_sum + 1")],
  ["the number of rows", set("message_rows = message_rows + 1")],
  ["the number of open rows", set("open_rows = open_rows + 1")],
  ["the first row", set("conversation_id = 999")],
  ["the widget and the user", set("widget_id = 77, user_id = null")],
  ["a row that is gone", "delete from conversation_metrics where organization_id = 1 and session_id = 'a'"],
  ["every row gone", "truncate conversation_metrics"],
  [
    "several sessions",
    "update conversation_metrics set user_messages = user_messages + 1, lead_name = 'x', has_lead = true",
  ],
] as const;

const ledgerTampered = [
  [
    "a count",
    `update metrics.messages set user_messages = user_messages + 1, prompt_source = 'estimate' where conversation_id = 1`,
  ],
  [
    "tokens",
    `update metrics.messages set prompt_tokens = prompt_tokens + 7 where conversation_id in (2, 3) and user_messages > 0`,
  ],
  ["a response time", `update metrics.messages set response_us = 5 where conversation_id = 4`],
  ["a time", `update metrics.messages set created_at = created_at - interval '1 day' where conversation_id = 5`],
  ["a row that is gone", `delete from metrics.messages where conversation_id = 4`],
  ["all rows of a session gone", `delete from metrics.messages where session_key = ${key}`],
  ["every row gone", `truncate metrics.messages`],
  ["a row in another session", `update metrics.messages set session_key = ${key} where conversation_id = 8`],
  ["a row without its session", `update metrics.messages set session_key = null where conversation_id = 9`],
] as const;

describe("verify and repair of the metrics", () => {
  test.for(metricsTampered)("%s, changed by hand, is found and healed", async ([, tamper], { db }) => {
    await populate(db);
    await db.unsafe(tamper);

    await expectDriftToBeFound(db);
    const found = await viewOf(db);
    const healed = await repair(db);

    expect(found.length).toBeGreaterThan(0);
    expect([...healed]).toEqual([...found]);
    await expectNoDrift(db);
    await writeOn(db);
  });

  test("a metrics row of a session that does not exist is found and healed", async ({ db }) => {
    await populate(db);
    await db`alter table conversations disable trigger user`;
    await db`delete from conversations where organization_id = 1 and session_id = 'a'`;
    await db`alter table conversations enable trigger user`;

    await expectDriftToBeFound(db);
    await repair(db);

    await expectNoDrift(db);
    await writeOn(db);
  });

  test("the true value and the stored one stand beside each other", async ({ db }) => {
    await db`insert into conversations (organization_id, session_id, message) values (1, 'a', 'hi')`;
    await db`update conversation_metrics set user_messages = 5`;

    const found = await viewOf(db);

    expect([...found]).toContainEqual({
      organization_id: "1",
      session_id: "a",
      column_name: "user_messages",
      stored: "5",
      actual: "1",
    });
  });

  test("a repair leaves every other session untouched", async ({ db }) => {
    await populate(db);
    const others = () => db`select xmin::text, session_key from conversation_metrics
      where (organization_id, session_id) is distinct from (1, 'a') order by session_key`;
    const before = await others();
    await db.unsafe(set("user_messages = user_messages + 1"));

    await repair(db);

    expect([...(await others())]).toEqual([...before]);
    await expectNoDrift(db);
  });

  test("a repair of what is right changes nothing and says so", async ({ db }) => {
    await populate(db);
    const rows = () => db`select xmin::text, session_key from conversation_metrics order by session_key`;
    const before = await rows();

    const healed = await repair(db);

    expect([...healed]).toEqual([]);
    expect([...(await rows())]).toEqual([...before]);
    await expectNoDrift(db);
  });

  test("a repair of at most two sessions heals two, and the rest when it is called again", async ({ db }) => {
    await populate(db);
    await db`update conversation_metrics set user_messages = user_messages + 1`;
    const wrong = async () => new Set((await viewOf(db)).map((row) => `${row.organization_id} ${row.session_id}`)).size;
    const before = await wrong();

    await db`select * from metrics.repair(2)`;
    const after = await wrong();
    await repair(db);

    expect([before, after]).toEqual([9, 7]);
    await expectNoDrift(db);
  });

  test("sync_conversation_metrics re-derives the session of a row, and no other", async ({ db }) => {
    await populate(db);
    await db`update conversation_metrics set user_messages = user_messages + 1 where organization_id = 1`;

    const [row] = await db<
      [{ id: string; session_id: string }]
    >`select id, session_id from conversations where organization_id = 1 limit 1`;
    await db`select sync_conversation_metrics(${row.id}::bigint)`;

    const wrong = new Set((await viewOf(db)).map(({ session_id }) => session_id));
    expect(wrong.size).toBe(2);
    expect(wrong).not.toContain(row.session_id);
  });

  test("sync_conversation_metrics re-derives a session by its name", async ({ db }) => {
    await populate(db);
    await db`truncate conversation_metrics`;
    const sessions = await db`select distinct organization_id, session_id from conversations`;

    for (const { organization_id, session_id } of sessions) {
      await db`select sync_conversation_metrics(null, ${organization_id}::bigint, ${session_id}::text)`;
    }

    await expectNoDrift(db);
  });
});

describe("verify and repair of the ledger", () => {
  test.for(ledgerTampered)("%s, changed by hand, is found and healed", async ([, tamper], { db }) => {
    await populate(db);
    await db.unsafe(tamper);

    const found = await viewOf(db);
    const healed = await repair(db);

    expect(found.map((row) => row.column_name)).toContain("ledger");
    expect([...healed]).toEqual([...found]);
    await expectNoDrift(db);
    await writeOn(db);
  });

  test.for([
    ["leads", "delete from metrics.leads"],
    ["feedback", "delete from metrics.feedback"],
    ["sessions", "delete from metrics.sessions"],
  ] as const)("a ledger of %s that was emptied is healed, or not needed", async ([, tamper], { db }) => {
    await populate(db);
    await db.unsafe(tamper);

    await repair(db);

    await expectNoDrift(db);
    await writeOn(db);
  });
});

const unseen = [
  "insert into conversations (id, organization_id, session_id, message) values (501, 1, 'a', 'hi'), (502, 9, 'unseen', 'hi')",
  "update conversations set message = 'a longer message' where id % 3 = 0",
  "update conversations set session_id = 'b' where id % 4 = 0",
  "update conversations set created_at = created_at - interval '1 day' where id % 4 = 0",
  "update conversations set id = id + 1000 where id > 24",
  "delete from conversations where id > 24 and id % 2 = 0",
  "delete from conversations where id > 24",
  "insert into leads (organization_id, session_id, name, created_at) values (1, 'a', 'Unseen', '2030-01-01')",
  "update leads set name = 'Unseen'",
  "update leads set session_id = 'b'",
  "delete from leads",
  "insert into feedback (organization_id, session_id, rating) values (1, 'a', 5)",
  "update feedback set rating = 1 + rating % 5",
  "update feedback set session_id = 'b', organization_id = 1 where session_id = 'a'",
  "delete from feedback where id % 2 = 0",
];

const ways = [
  ["session_replication_role = replica", "set local session_replication_role = replica", "select 1"],
  [
    "triggers that are disabled and enabled again",
    "alter table conversations disable trigger all; alter table leads disable trigger all; alter table feedback disable trigger all",
    "alter table conversations enable trigger all; alter table leads enable trigger all; alter table feedback enable trigger all",
  ],
] as const;

for (const [way, before, after] of ways) {
  describe(`a write past ${way}`, () => {
    test.for(unseen)("%s: it is found, and healed", async (statement, { db }) => {
      await populate(db);
      await db.begin(async (tx) => {
        await tx.unsafe(before);
        await tx.unsafe(statement);
        await tx.unsafe(after);
      });

      await expectDriftToBeFound(db);
      const drifted = await driftOf(db);
      await repair(db);

      expect(drifted.length).toBeGreaterThan(0);
      await expectNoDrift(db);
      await writeOn(db);
    });
  });
}
