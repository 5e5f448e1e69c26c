import { describe, expect } from "vitest";
import type { Sql } from "../src/database.ts";
import { cli } from "./support/cli.ts";
import { metricsOf } from "./support/oracle.ts";
import { populate } from "./support/population.ts";
import { rollUp } from "./support/rollups.ts";
import { test, untilCounted } from "./support/worker.ts";

/** The oracle derives numbers from texts; where there are none, only the view that knows of the setting can tell. */
const expectRight = async (db: Sql) => {
  expect([...(await db`select * from conversation_metrics_drift`)]).toEqual([]);
};

const EMPTY = [
  [
    "'' in one statement",
    "update conversations set message = '', response = case when response is not null then '' end",
  ],
  ["NULL in one statement", "update conversations set message = null, response = null"],
  [
    "row by row",
    "do $$ declare r record; begin for r in select id from conversations loop update conversations set message = '', response = null where id = r.id; end loop; end $$",
  ],
  ["the questions alone", "update conversations set message = ''"],
  ["the answers alone", "update conversations set response = null"],
] as const;

describe("with metrics.keep_numbers", () => {
  test.for(EMPTY)("texts set to %s leave every number as it was", async ([, empty], { db, start }) => {
    await populate(db);
    await db`insert into conversations (organization_id, session_id, message, response) values (1, 'a', 'A longer question, counted exactly', 'And an answer')`;
    const worker = await start();
    await untilCounted(db);
    await db`insert into conversations (organization_id, session_id, message) values (2, 'b', 'The first part of it is not counted yet')`;
    await worker.stop();
    await db`select metrics.keep_numbers()`;
    const before = await metricsOf(db);
    await rollUp(db);

    await db.unsafe(empty);

    expect(await metricsOf(db)).toEqual(before);
    await expectRight(db);
    await db`select metrics.repair()`;
    await start();
    await untilCounted(db);
    // What was emptied before it was counted stays an estimate; a text that is still there is counted.
    const isAll = /message.*response/.test(empty);
    const kept = (rows: Awaited<ReturnType<typeof metricsOf>>) =>
      isAll
        ? rows
        : rows.map(({ total_messages, response_us_sum, conversation_end }) => [
            total_messages,
            response_us_sum,
            conversation_end,
          ]);
    expect(kept(await metricsOf(db))).toEqual(kept(before));
    expect(await db`select count(*)::integer as left from metrics.token_batches`).toEqual([{ left: 0 }]);
    await expectRight(db);
  });

  test("goes on counting what is written, and what gets a text again", async ({ db }) => {
    await db`select metrics.keep_numbers()`;
    await db`insert into conversations (organization_id, session_id, message, response) values (1, 'a', 'question', 'an answer')`;
    await db`update conversations set message = '', response = ''`;
    await db`insert into conversations (organization_id, session_id, message) values (1, 'a', ''), (1, 'a', 'another one')`;

    const [emptied] = await metricsOf(db);
    await db`update conversations set message = 'q', response = 'a' where id = 1`;
    const [rewritten] = await metricsOf(db);

    expect(emptied).toMatchObject({
      user_messages: 2,
      ai_messages: 1,
      prompt_tokens: 5,
      completion_tokens: 3,
      message_rows: 3,
    });
    expect(rewritten).toMatchObject({ user_messages: 2, ai_messages: 1, prompt_tokens: 4, completion_tokens: 1 });
    await expectRight(db);
    await db`delete from conversations where id = 1`;
    expect(await metricsOf(db)).toMatchObject([{ user_messages: 1, ai_messages: 0, message_rows: 2 }]);
    await expectRight(db);
  });

  test("a message that becomes the other's is not kept", async ({ db }) => {
    await db`select metrics.keep_numbers()`;
    await db`insert into conversations (session_id, role, message) values ('a', 'user', 'whose is it?')`;
    await db`update conversations set role = 'assistant'`;

    expect(await metricsOf(db)).toMatchObject([{ user_messages: 0, ai_messages: 1 }]);
    await expectRight(db);
  });

  test("switched off, emptied messages count no longer, and numbers follow the texts as before", async ({ db }) => {
    await populate(db);
    await db`select metrics.keep_numbers()`;
    await db`update conversations set message = '', response = '' where id < 20`;

    await db`select metrics.keep_numbers(false)`;

    await expectRight(db);
    expect(
      await db`select sum(user_messages + ai_messages)::integer as left from metrics.messages where conversation_id < 20`,
    ).toEqual([{ left: 0 }]);
    await db`insert into conversations (session_id, message) values ('z', 'text')`;
    await db`update conversations set message = '' where session_id = 'z'`;
    expect(await db`select total_messages from conversation_metrics where session_id = 'z'`).toEqual([
      { total_messages: 0 },
    ]);
    await expectRight(db);
  });

  test("what was emptied before it was counted stays among the estimates, in reports as well", async ({ db }) => {
    await db`select metrics.keep_numbers()`;
    await db`insert into conversations (session_id, message, response) values ('s', 'A question', 'An answer to it')`;
    const tokens = () =>
      db`select estimated_tokens::integer as estimated, total_tokens::integer as total from report_tokens()`;
    const before = await tokens();

    await db`update conversations set message = '', response = ''`;

    expect(before).toEqual([{ estimated: 7, total: 7 }]);
    expect([...(await tokens())]).toEqual([...before]);
    await expectRight(db);
  });

  test("erase gives a statement that empties texts", async ({ db, url }) => {
    await db`select metrics.keep_numbers()`;
    await db`insert into conversations (organization_id, session_id, message, response) values (7, 'ada', 'Call me at once', 'Gladly.')`;
    await db`insert into leads (organization_id, session_id, name, email) values (7, 'ada', 'Ada', 'ada@mail.example')`;
    const before = await db`select total_messages, total_tokens from conversation_metrics`;

    const { stdout, stderr } = await cli(["erase", "--email", "ada@mail.example", "--yes"], { url });
    const statement =
      /update public\.conversations set .*|update conversations set .*/.exec(stdout + stderr)?.[0] ?? "";
    expect(statement).toContain("''");
    await db.unsafe(statement);

    expect(await db`select message, response from conversations`).toEqual([{ message: "", response: "" }]);
    expect([...(await db`select total_messages, total_tokens from conversation_metrics`)]).toEqual([...before]);
    await expectRight(db);
  });
});
