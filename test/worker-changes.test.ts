import { describe, expect } from "vitest";
import { silentLogger } from "../src/log.ts";
import { createPool } from "../src/worker/pool.ts";
import { expectNoDrift } from "./support/oracle.ts";
import { holdingCounter, NO_BATCHES, test, until, untilCounted } from "./support/worker.ts";

const HELD = "The text that is being counted";

// Each change happens between the reading of the text and the writing of its count.
const changes = [
  [
    "an update to a text of the same length",
    "update conversations set message = 'The text that is being replaced' where id = 1",
  ],
  ["an update to a longer text", "update conversations set message = message || ' and goes on' where id = 1"],
  ["an update of the model", "update conversations set model = 'gpt-4' where id = 1"],
  [
    "usage that the provider reports",
    "update conversations set prompt_tokens = 99, completion_tokens = 11 where id = 1",
  ],
  ["an answer that is filled in", "update conversations set response = 'Here it is: 42' where id = 1"],
  ["a move to another session", "update conversations set session_id = 'elsewhere' where id = 1"],
  ["an emptied text", "update conversations set message = '' where id = 1"],
  ["a deleted row", "delete from conversations where id = 1"],
  [
    "a deleted row whose id is written again",
    "delete from conversations where id = 1; insert into conversations (id, session_id, message) values (1, 'b', 'Quite another one')",
  ],
  ["a truncated table", "truncate conversations cascade"],
] as const;

test("a worker's transactions are READ COMMITTED, whatever the database makes of others", async ({ db, url }) => {
  const [database] = await db<[{ name: string }]>`select quote_ident(current_database()) as name`;
  await db.unsafe(`alter database ${database.name} set default_transaction_isolation = 'serializable'`);
  const pool = createPool(url, 1, silentLogger);
  const { rows } = await pool
    .query("select current_setting('transaction_isolation') as level")
    .finally(() => pool.end());

  expect(rows).toEqual([{ level: "read committed" }]);
});

describe("while a text is being counted", () => {
  test.for(changes)("%s wins", async ([, change], { start, db }) => {
    await db`insert into conversations (id, session_id, message, response) values (1, 'a', ${HELD}, 'Wait'), (2, 'a', 'Beside it', null)`;
    const { counter, reached, goOn } = holdingCounter(HELD);
    const worker = await start({ counter });

    await reached;
    await db.unsafe(change);
    await expectNoDrift(db, "after the change");
    goOn();
    await untilCounted(db);

    await expectNoDrift(db);
    expect(worker.lines.join("")).not.toContain(HELD);
  });
});

describe("a text that was counted", () => {
  test("is counted again when it changes, and only then", async ({ start, db }) => {
    await db`insert into conversations (id, session_id, message, response) values (1, 'a', 'One two three', 'Yes'), (2, 'a', 'Four', 'No')`;
    let batches = 0;
    await start({ onBatch: () => (batches += 1) });
    await untilCounted(db);

    await db`update conversations set message = 'Three two one, go' where id = 1`;
    await untilCounted(db);
    const counted = batches;
    await db`update conversations set responded_at = now(), widget_id = 3`;
    await until(db, NO_BATCHES);

    expect(counted).toBe(2);
    expect(batches).toBe(2);
    await expectNoDrift(db);
  });

  test("is left alone by a session that somebody has locked, and counted when it is free", async ({
    start,
    db,
    connect,
  }) => {
    await db`insert into conversations (id, session_id, message) values (1, 'locked', 'One two three'), (2, 'free', 'Four')`;
    const application = connect({ max: 1 });
    await application`begin`;
    await application`update conversations set user_id = 5, message = 'One two' where id = 1`;

    await start();
    await until(db, "(select prompt_source = 'tiktoken' from metrics.messages where conversation_id = 2)");
    await until(db, "exists (select from metrics.token_retries where conversation_id = 1 and attempts = 0)");
    await application`commit`;
    await untilCounted(db);

    await expectNoDrift(db);
  });
});
