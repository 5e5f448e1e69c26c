import { countTokens } from "gpt-tokenizer/encoding/o200k_base";
import { describe, expect } from "vitest";
import type { Sql } from "../src/database.ts";
import { test } from "./support/database.ts";

type Read = {
  conversation_id: string;
  version: string;
  encoding: string;
  encoding_assumed: boolean;
  prompt: string | null;
  completions: string[] | null;
  prompt_digest: string | null;
  completion_digest: string | null;
};

const enqueue = async (db: Sql, rows = 100, tokens = 100_000) => {
  const [made] = await db<[{ made: number }]>`select metrics.enqueue_token_batches(4, ${rows}, ${tokens}) as made`;
  return made.made;
};
const batches = (db: Sql) =>
  db<{ batch_id: string; ids: number; is_long: boolean }[]>`
    select batch_id, cardinality(conversation_ids) as ids, is_long from metrics.token_batches order by batch_id`;
const read = (db: Sql, batch: string) => db<Read[]>`select * from metrics.read_token_batch(${batch}, 'w')`;

async function write(db: Sql, batch: string, rows: readonly Read[]) {
  const column = <T>(of: (row: Read) => T) => rows.map(of);
  const completionTokens = ({ completions }: Read) =>
    completions?.reduce((sum, text) => sum + countTokens(text), 0) ?? null;
  const [result] = await db<[{ written: number; dropped: number }]>`
    select * from metrics.write_token_counts(
      ${batch},
      ${column((row) => row.conversation_id)}::bigint[],
      ${column((row) => (row.prompt === null ? null : countTokens(row.prompt)))}::integer[],
      ${column(completionTokens)}::integer[],
      ${column((row) => row.version)}::text[]::xid[],
      ${column((row) => row.prompt_digest)}::bigint[],
      ${column((row) => row.completion_digest)}::bigint[],
      ${column((row) => row.encoding)}::metrics.encoding[],
      ${`{${column((row) => row.encoding_assumed).join()}}`}::text::boolean[]
    )`;
  return result;
}
async function onlyBatch(db: Sql): Promise<string> {
  await enqueue(db);
  const [batch] = await batches(db);
  if (!batch) throw new Error("nothing to count");
  return batch.batch_id;
}
const drift = (db: Sql) => db`select * from conversation_metrics_drift`;
const sources = (db: Sql) =>
  db`select prompt_source as prompt, completion_source as completion, prompt_tokens, completion_tokens
    from metrics.messages order by conversation_id`;

describe("exact token counts", () => {
  test("are written to the ledger and its session once, with their encoding", async ({ db }) => {
    await db`insert into conversations (session_id, message, response, model) values
      ('a', 'Hello there, how are you?', 'Fine, thank you!', 'gpt-4o-2024-08-06'), ('a', 'Good', null, null)`;
    const batch = await onlyBatch(db);

    const rows = await read(db, batch);
    const result = await write(db, batch, rows);

    expect(result).toEqual({ written: 2, dropped: 0 });
    expect(await batches(db)).toEqual([]);
    expect(await sources(db)).toEqual([
      { prompt: "tiktoken", completion: "tiktoken", prompt_tokens: 7, completion_tokens: 5 },
      { prompt: "tiktoken", completion: null, prompt_tokens: 1, completion_tokens: 0 },
    ]);
    expect(await db`select prompt_tokens, completion_tokens, estimated_messages from conversation_metrics`).toEqual([
      { prompt_tokens: "8", completion_tokens: "5", estimated_messages: 0 },
    ]);
    expect(await db`select encoding, encoding_assumed from metrics.messages order by conversation_id`).toEqual([
      { encoding: "o200k_base", encoding_assumed: false },
      { encoding: "o200k_base", encoding_assumed: true },
    ]);
    expect(await enqueue(db)).toBe(0);
    expect(await drift(db)).toEqual([]);
  });

  test("of a text that changed meanwhile are dropped, and the new text is counted", async ({ db }) => {
    await db`insert into conversations (session_id, message, response) values ('a', 'one two', 'three four')`;
    const batch = await onlyBatch(db);
    const rows = await read(db, batch);
    // As many characters as before: the ledger's entry stays the same.
    await db`update conversations set message = 'two one'`;

    expect(await write(db, batch, rows)).toEqual({ written: 1, dropped: 0 });

    expect(await sources(db)).toMatchObject([{ prompt: "estimate", completion: "tiktoken" }]);
    expect(await drift(db)).toEqual([]);
    const next = await onlyBatch(db);
    const [left] = await read(db, next);
    expect(left).toMatchObject({ prompt: "two one", completions: null });
  });

  test("of texts that changed meanwhile in one statement are dropped, also where their estimates are the same", async ({
    db,
  }) => {
    await db`insert into conversations (session_id, message, response, model) values
      ('a', 'one two', 'three', null), ('a', 'four', 'five six', null), ('a', 'seven', 'eight', 'gpt-4')`;
    const batch = await onlyBatch(db);
    const rows = await read(db, batch);
    await db`update conversations set
      message = case id when 1 then 'two one' else message end,
      response = case id when 2 then 'six five' else response end,
      model = case id when 3 then 'gpt-4o' else model end`;

    expect(await write(db, batch, rows)).toEqual({ written: 2, dropped: 1 });

    expect(await sources(db)).toMatchObject([
      { prompt: "estimate", completion: "tiktoken" },
      { prompt: "tiktoken", completion: "estimate" },
      { prompt: "estimate", completion: "estimate" },
    ]);
    expect(await drift(db)).toEqual([]);
    const next = await onlyBatch(db);
    expect(await write(db, next, await read(db, next))).toEqual({ written: 3, dropped: 0 });
    expect((await sources(db)).flatMap((row) => [row.prompt, row.completion])).toEqual(Array(6).fill("tiktoken"));
    expect(await drift(db)).toEqual([]);
  });

  test("of a text that changed and came back are written, and where only another column changed", async ({ db }) => {
    await db`insert into conversations (session_id, message, role) values ('a', 'one', 'user'), ('b', 'two', 'user')`;
    const batch = await onlyBatch(db);
    const rows = await read(db, batch);
    await db`update conversations set message = 'six' where session_id = 'b'`;
    await db`update conversations set message = 'two' where session_id = 'b'`;
    // The question's entry gets its response time.
    await db`insert into conversations (session_id, message, role) values ('a', 'three', 'assistant')`;

    expect(await write(db, batch, rows)).toEqual({ written: 2, dropped: 0 });

    expect((await sources(db)).map((row) => row.prompt)).toEqual(["tiktoken", "tiktoken", null]);
    expect(await drift(db)).toEqual([]);
  });

  test("stay when another column changes, and go when the text or the model does", async ({ db }) => {
    await db`insert into conversations (session_id, message, response, model) values ('a', 'one', 'two', 'gpt-4')`;
    const batch = await onlyBatch(db);
    await write(db, batch, await read(db, batch));

    await db`update conversations set responded_at = now(), created_at = now() - interval '1 hour', session_id = 'b'`;
    expect(await sources(db)).toMatchObject([{ prompt: "tiktoken", completion: "tiktoken" }]);
    expect(await drift(db)).toEqual([]);
    await db`update conversations set response = 'three four'`;
    expect(await sources(db)).toMatchObject([{ prompt: "tiktoken", completion: "estimate" }]);
    expect(await drift(db)).toEqual([]);
    await db`update conversations set model = 'gpt-4o'`;
    expect(await sources(db)).toMatchObject([{ prompt: "estimate", completion: "estimate" }]);
    expect(await drift(db)).toEqual([]);
  });

  test("of a row that is gone are dropped", async ({ db }) => {
    await db`insert into conversations (session_id, message) values ('a', 'one'), ('a', 'two')`;
    const batch = await onlyBatch(db);
    const rows = await read(db, batch);
    await db`delete from conversations where message = 'one'`;

    expect(await write(db, batch, rows)).toEqual({ written: 1, dropped: 1 });
    expect(await db`select * from metrics.token_retries`).toEqual([]);
    expect(await drift(db)).toEqual([]);
  });

  test("never wait for a transaction that holds the session, and come later", async ({ db, connect }) => {
    await db`insert into conversations (session_id, message) values ('a', 'one'), ('b', 'two')`;
    const batch = await onlyBatch(db);
    const rows = await read(db, batch);
    const other = await connect().reserve();
    await other`begin`;
    await other`insert into conversations (session_id, message) values ('a', 'three')`;

    expect(await write(db, batch, rows)).toEqual({ written: 1, dropped: 1 });
    await other`commit`;
    other.release();

    expect(await db`select attempts, error from metrics.token_retries`).toEqual([{ attempts: 0, error: null }]);
    await db`update metrics.token_retries set retry_at = now()`;
    const next = await onlyBatch(db);
    expect(await write(db, next, await read(db, next))).toEqual({ written: 2, dropped: 0 });
    expect(await db`select * from metrics.token_retries`).toEqual([]);
    expect(await drift(db)).toEqual([]);
  });

  test("never wait for a transaction that holds ledger rows without their session, and come later", async ({
    db,
    connect,
  }) => {
    await db`insert into conversations (session_id, message) values ('a', 'one'), ('a', 'two')`;
    const batch = await onlyBatch(db);
    const rows = await read(db, batch);
    const other = await connect().reserve();
    await other`begin`;
    await other`update metrics.messages set has_feedback = has_feedback where conversation_id = 1`;

    expect(await write(db, batch, rows)).toEqual({ written: 1, dropped: 1 });
    await other`commit`;
    other.release();

    expect((await sources(db)).map((row) => row.prompt)).toEqual(["estimate", "tiktoken"]);
    expect(await db`select conversation_id from metrics.token_retries`).toEqual([{ conversation_id: "1" }]);
    expect(await drift(db)).toEqual([]);
  });

  test("are written of both lanes at once, of one lane one after the other", async ({ db, connect }) => {
    await db`insert into conversations (session_id, message, created_at) values
      ('a', 'one', now()), ('b', 'two', now() - interval '1 minute'), ('c', 'three', now() - interval '1 hour')`;
    await enqueue(db, 1);
    expect(await db`select batch_id, lane from metrics.token_batches order by batch_id`).toEqual([
      { batch_id: "1", lane: 0 },
      { batch_id: "2", lane: 0 },
      { batch_id: "3", lane: 1 },
    ]);
    const [first, second, third] = [await read(db, "1"), await read(db, "2"), await read(db, "3")];
    const [holder, other] = [await connect().reserve(), await connect().reserve()];
    await holder`begin`;
    await other`set lock_timeout = '200ms'`;

    expect(await write(holder, "1", first)).toEqual({ written: 1, dropped: 0 });
    await expect(write(other, "2", second)).rejects.toThrow("lock timeout");
    expect(await write(other, "3", third)).toEqual({ written: 1, dropped: 0 });
    await holder`commit`;
    expect(await write(other, "2", second)).toEqual({ written: 1, dropped: 0 });

    expect(await batches(db)).toEqual([]);
    expect(await drift(db)).toEqual([]);
  });

  test("are asked for no row without a session, also not one with feedback", async ({ db }) => {
    await db`alter table conversations alter session_id drop not null`;
    await db`insert into conversations (session_id, message) values (null, 'one'), ('a', 'two'), ('c', 'three')`;
    await db`update conversations set session_id = null where session_id = 'c'`;
    await db`insert into feedback (conversation_id, rating) values (1, 1), (3, 1)`;
    const batch = await onlyBatch(db);
    const rows = await read(db, batch);
    expect(rows.map((row) => row.prompt)).toEqual(["two"]);
    expect(await write(db, batch, rows)).toEqual({ written: 1, dropped: 0 });
    expect(await batches(db)).toEqual([]);
    expect(await drift(db)).toEqual([]);
  });

  test("of a row that moved to another session meanwhile come later", async ({ db }) => {
    await db`insert into conversations (session_id, message) values ('a', 'one'), ('b', 'two')`;
    const batch = await onlyBatch(db);
    const rows = await read(db, batch);
    await db`update conversations set session_id = 'c' where message = 'one'`;

    expect(await write(db, batch, rows)).toEqual({ written: 1, dropped: 1 });
    expect(await drift(db)).toEqual([]);
    await db`update metrics.token_retries set retry_at = now()`;
    const next = await onlyBatch(db);
    expect(await write(db, next, await read(db, next))).toEqual({ written: 1, dropped: 0 });
    expect((await sources(db)).map((row) => row.prompt)).toEqual(["tiktoken", "tiktoken"]);
    expect(await drift(db)).toEqual([]);
  });

  test("of a batch that was taken over are not written", async ({ db }) => {
    await db`insert into conversations (session_id, message) values ('a', 'one')`;
    const batch = await onlyBatch(db);
    const rows = await read(db, batch);
    await db`select metrics.worker_beat('w', '{x}')`;
    await db`update metrics.workers set seen_at = seen_at - interval '11 seconds'`;

    expect(await db`select metrics.worker_beat('v', '{y}') as released`).toEqual([{ released: 1 }]);
    expect(await write(db, batch, rows)).toEqual({ written: 0, dropped: 1 });
    const next = await onlyBatch(db);
    expect(await write(db, next, await read(db, next))).toEqual({ written: 1, dropped: 0 });
  });

  test("are asked for newest first, long texts alone, reported usage not at all", async ({ db }) => {
    await db`insert into conversations (session_id, message, prompt_tokens, created_at)
      select 's' || i, case when i = 5 then repeat('long ', 1000) else 'short' end, case when i = 6 then 3 end,
        now() - i * interval '1 minute'
      from generate_series(1, 10) as i`;

    await enqueue(db, 3, 1000);

    const made = await db`
      select is_long, lane, array(
        select session_id from conversations where id = any(conversation_ids) order by created_at desc
      ) as sessions
      from metrics.token_batches order by batch_id`;
    expect(made).toEqual([
      { is_long: false, lane: 0, sessions: ["s1", "s3", "s4"] },
      { is_long: false, lane: 1, sessions: ["s2", "s10"] },
      { is_long: false, lane: 0, sessions: ["s7", "s8", "s9"] },
      { is_long: true, lane: 1, sessions: ["s5"] },
    ]);
    expect(await enqueue(db, 3, 1000)).toBe(0);
  });

  test("are asked for two long texts at a time, and those that come later keep no others waiting", async ({ db }) => {
    await db`insert into conversations (session_id, message, created_at)
      select 's' || i, case when i <= 5 then repeat('long ', 100) else 'short' end, now() - i * interval '1 minute'
      from generate_series(1, 9) as i`;

    expect(await enqueue(db, 1, 100)).toBe(2);
    expect(await enqueue(db, 1, 100)).toBe(4);

    const claimed =
      await db`select is_long, unnest(conversation_ids) as id from metrics.token_batches order by batch_id`;
    expect(claimed.filter((row) => row.is_long).map((row) => row.id)).toEqual(["1", "2"]);
    expect(claimed.filter((row) => !row.is_long).map((row) => row.id)).toEqual(["6", "7", "8", "9"]);
    await write(db, "1", await read(db, "1"));
    expect(await enqueue(db, 1, 100)).toBe(0);
    await write(db, "3", await read(db, "3"));
    await write(db, "4", await read(db, "4"));
    expect(await enqueue(db, 1, 100)).toBe(1);
    expect(await drift(db)).toEqual([]);
  });

  test("are asked for again once half of the batches are done", async ({ db }) => {
    await db`insert into conversations (session_id, message, created_at)
      select 's' || i, 'short', now() - i * interval '1 minute' from generate_series(1, 9) as i`;

    expect(await enqueue(db, 1)).toBe(4);
    await write(db, "1", await read(db, "1"));
    expect(await enqueue(db, 1)).toBe(0);
    await write(db, "2", await read(db, "2"));
    expect(await enqueue(db, 1)).toBe(2);

    const claimed = await db`select unnest(conversation_ids) as id from metrics.token_batches order by batch_id`;
    expect(claimed.map((row) => row.id)).toEqual(["3", "4", "5", "6"]);
    expect(await drift(db)).toEqual([]);
  });

  test("are asked for by the tokens where rows are long", async ({ db }) => {
    await db`insert into conversations (session_id, message, created_at)
      select 'a', repeat('long', case when i <= 4 then 400 else 1 end), now() - i * interval '1 minute'
      from generate_series(1, 10) as i`;

    await enqueue(db, 5, 1000);

    expect((await batches(db)).map((batch) => batch.ids)).toEqual([3, 3, 4]);
  });

  test("are given back when their worker stopped, and when nobody took or finished them for 5 minutes", async ({
    db,
  }) => {
    await db`insert into conversations (session_id, message) values ('a', 'one')`;
    const beat = async () => (await db`select metrics.worker_beat('other', '{}') as released`)[0]?.released;
    const lost = async (change: string) => {
      await onlyBatch(db);
      await db.unsafe(`update metrics.token_batches set ${change}`);
      return beat();
    };
    await db`select metrics.worker_beat('w', '{}')`;

    expect(await lost("made_at = now() - interval '4 minutes'")).toBe(0);
    expect(await lost("made_at = now() - interval '6 minutes'")).toBe(1);
    expect(
      await lost("worker = 'w', made_at = now() - interval '1 hour', read_at = now() - interval '4 minutes'"),
    ).toBe(0);
    expect(await lost("read_at = now() - interval '6 minutes'")).toBe(1);
    await db`update metrics.workers set stopped_at = now() - interval '1 minute' where worker = 'w'`;
    expect(await lost("worker = 'w', read_at = now() - interval '30 seconds'")).toBe(0);
    expect(await lost("read_at = now() - interval '90 seconds'")).toBe(1);
  });

  test("that fail are tried again five times, then given up until the text changes", async ({ db }) => {
    await db`insert into conversations (session_id, message) values ('a', 'one')`;
    for (let attempt = 1; attempt <= 5; attempt++) {
      const batch = await onlyBatch(db);
      const [row] = await read(db, batch);
      await db`select metrics.fail_token_counts(${batch}, ${db.json([{ conversation_id: row?.conversation_id, error: "broken" }])})`;
      await write(db, batch, []);
      expect(await enqueue(db)).toBe(0);
      if (attempt < 5) await db`update metrics.token_retries set retry_at = now()`;
    }
    expect(await db`select attempts, retry_at::text, error from metrics.token_retries`).toEqual([
      { attempts: 5, retry_at: "infinity", error: "broken" },
    ]);
    expect(await db`select failed from metrics.token_totals()`).toEqual([{ failed: "1" }]);

    await db`update conversations set message = 'two'`;
    await db`select metrics.check_sessions()`;
    const next = await onlyBatch(db);
    expect(await write(db, next, await read(db, next))).toEqual({ written: 1, dropped: 0 });
    expect(await drift(db)).toEqual([]);
  });

  test("that fail are tried again later each time, and from the beginning where the text is another", async ({
    db,
  }) => {
    await db`insert into conversations (session_id, message) values ('a', 'one')`;
    const failOnce = async () => {
      await db`update metrics.token_retries set retry_at = now()`;
      const batch = await onlyBatch(db);
      await db`select metrics.fail_token_counts(${batch},
        (select jsonb_agg(jsonb_build_object('conversation_id', id, 'error', 'broken')) from conversations))`;
      await write(db, batch, []);
      const [row] = await db<[{ attempts: number; pause: number }]>`
        select attempts, round(log(4, extract(epoch from nullif(retry_at, 'infinity') - clock_timestamp())))::integer as pause
        from metrics.token_retries`;
      return [row.attempts, row.pause];
    };

    const first = [await failOnce(), await failOnce(), await failOnce(), await failOnce()];
    await db`update conversations set message = 'two'`;
    const second = [await failOnce(), await failOnce(), await failOnce(), await failOnce(), await failOnce()];

    const pauses = [1, 2, 3, 4].map((power) => [power, power]); // 4, 16, 64, 256 seconds.
    expect(first).toEqual(pauses);
    expect(second).toEqual([...pauses, [5, null]]);
    expect(await drift(db)).toEqual([]);
  });

  test("are made anew for the models whose encoding changed, and no other", async ({ db }) => {
    await db`insert into conversations (session_id, message, model) values
      ('a', 'one', 'acme-7b'), ('a', 'two', 'gpt-4o'), ('b', 'three', 'acme-8b')`;
    const batch = await onlyBatch(db);
    await write(db, batch, await read(db, batch));
    await db`insert into metrics.model_encodings values ('acme-7', true, 'cl100k_base')`;

    expect(await db`select * from metrics.recount_batch(null, 2)`).toEqual([
      { last_id: "2", rows_seen: 2, rows_changed: 1 },
    ]);
    expect(await db`select * from metrics.recount_batch('2', 2)`).toEqual([
      { last_id: "3", rows_seen: 1, rows_changed: 0 },
    ]);
    expect(await db`select * from metrics.recount_batch('3', 2)`).toEqual([
      { last_id: null, rows_seen: 0, rows_changed: 0 },
    ]);
    expect((await sources(db)).map((row) => row.prompt)).toEqual(["estimate", "tiktoken", "tiktoken"]);
    expect(await drift(db)).toEqual([]);
    const next = await onlyBatch(db);
    expect(await read(db, next)).toMatchObject([{ prompt: "one", encoding: "cl100k_base", encoding_assumed: false }]);
  });

  test("by the encoding of before, under way when it is changed, are dropped by the recount", async ({ db }) => {
    await db`insert into conversations (session_id, message, model) values ('a', 'one', 'acme-7b')`;
    const batch = await onlyBatch(db);
    const rows = await read(db, batch);
    await db`insert into metrics.model_encodings values ('acme-7', true, 'cl100k_base')`;
    await db`select * from metrics.recount_batch(null, 10)`;

    expect(await write(db, batch, rows)).toEqual({ written: 0, dropped: 1 });

    const next = await onlyBatch(db);
    expect(await write(db, next, await read(db, next))).toEqual({ written: 1, dropped: 0 });
    expect(await db`select encoding from metrics.messages`).toEqual([{ encoding: "cl100k_base" }]);
    expect(await drift(db)).toEqual([]);
  });
});

test.for([
  ["gpt-4o-2024-08-06", "o200k_base", false],
  ["gpt-5.1", "o200k_base", false],
  ["GPT-4", "cl100k_base", false],
  ["gpt-4-0613", "cl100k_base", false],
  ["gpt-4.1-nano", "o200k_base", false],
  ["ft:gpt-4o-mini-2024-07-18:acme::x", "o200k_base", false],
  ["openai/ft:gpt-3.5-turbo:acme", "cl100k_base", false],
  ["azure/gpt-35-turbo", "cl100k_base", false],
  ["openrouter/openai/gpt-4", "cl100k_base", false],
  ["o4-mini-2025-04-16", "o200k_base", false],
  ["o3", "o200k_base", false],
  ["text-davinci-003", "p50k_base", false],
  ["claude-sonnet-4", "o200k_base", true],
  ["", "o200k_base", true],
  [null, "o200k_base", true],
] as const)("the model %s is counted by %s", async ([model, encoding, assumed], { db }) => {
  expect(await db`select * from metrics.model_encoding(${model})`).toEqual([{ encoding, assumed }]);
});

test("the worker's check finds and heals writes past the triggers, and passes through all sessions", async ({ db }) => {
  await db`insert into conversations (session_id, message, response, responded_at)
    select 's' || i % 40, 'hello', 'there', now() from generate_series(1, 200) as i`;
  const check = () => db`select sessions, drifted, healed, details from metrics.check_sessions(10, 15)`;
  expect(await check()).toMatchObject([{ drifted: 0, healed: 0, details: [] }]);

  await db`alter table conversations disable trigger all`;
  await db`insert into conversations (session_id, message) values ('new', 'unseen'), ('s39', 'unseen')`;
  await db`update conversations set message = 'changed past all triggers' where id = 7`;
  await db`alter table conversations enable trigger all`;
  await db`update conversation_metrics set prompt_tokens = 0 where session_id = 's12'`;
  const found = [];
  for (let round = 0; round < 4; round++) found.push((await check())[0]);

  expect(found.reduce((sum, row) => sum + row?.drifted, 0)).toBe(4);
  expect(found.reduce((sum, row) => sum + row?.healed, 0)).toBe(4);
  expect(JSON.stringify(found)).toContain('"columns":["prompt_tokens"]');
  expect(JSON.stringify(found)).not.toContain("unseen");
  expect(await drift(db)).toEqual([]);
});
