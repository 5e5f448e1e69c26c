import { describe, expect } from "vitest";
import { test } from "./support/database.ts";
import { expectDriftToBeFound, expectNoDrift } from "./support/oracle.ts";
import { populate } from "./support/population.ts";
import { repair, viewOf, writeOn } from "./support/repair.ts";
import { fill } from "./support/sources.ts";
import { endless } from "./support/writers.ts";

const set = (assignment: string) =>
  `update conversation_metrics set ${assignment} where organization_id = 1 and session_id = 'a'`;

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

  test("a repair beside writers is exact, and fails none of them", async ({ db, connect }) => {
    await fill(db, 1000);
    await db`update conversation_metrics set user_messages = user_messages + 1, prompt_tokens = prompt_tokens + 5`;
    const writers = endless(connect({ max: 4 }), 4);

    while (writers.written() < 200) await db`select count(*) from metrics.repair(20)`;
    await writers.stop();
    await repair(db);

    await expectNoDrift(db);
  });
});
