import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect } from "vitest";
import type { Sql } from "../src/database.ts";
import { packageRoot } from "../src/paths.ts";
import { cli } from "./support/cli.ts";
import { test } from "./support/database.ts";

/** Runs what `attach --suggest` proposes as it stands, and the command that it ends with. */
const followed = async (db: Sql, url: string, table: string) => {
  const { stdout, stderr } = await cli(["attach", "--suggest", table], { url });
  expect(stderr).toBe("");
  await db.unsafe(stdout);
  const [, line = ""] = /^-- npx conversation-metrics (attach .*)$/m.exec(stdout) ?? [];
  // As a shell splits it.
  const words = execFileSync("sh", ["-c", `printf '%s\\0' ${line}`], { encoding: "utf8" })
    .split("\0")
    .slice(0, -1);
  const result = await cli(words, { url });
  expect(result.stderr).not.toContain("error");
  expect(await db`select * from metrics_support.conversation_metrics_drift`).toEqual([]);
  return stdout;
};

const metrics = (db: Sql) => db`
  select session_id::text, organization_id::text, user_id::text, user_messages, ai_messages, prompt_tokens::integer,
    conversation_start, average_response_time, rating_count, rating_sum::float8
  from metrics_support.conversation_metrics order by 1`;

const start = new Date("2025-03-01T00:00:00Z");

describe("attach --suggest", () => {
  test("of exchanges: question and answer, tenant through two parents, latency, tokens, deleted rows", async ({
    db,
    url,
  }) => {
    await db.unsafe(`
      create schema bot;
      create table bot.apps (id uuid primary key, tenant_id text);
      create table bot.dialogs (id uuid primary key, app_id uuid references bot.apps, contact_id integer);
      create index on bot.dialogs (app_id);
      create table bot.turns (id uuid primary key default gen_random_uuid(), dialog_id uuid references bot.dialogs, query text, answer text,
        input_tokens integer default 0, latency_ms integer, deleted_at timestamptz, created_at timestamp);
      create index on bot.turns (dialog_id);
      insert into bot.apps values (md5('a')::uuid, 'acme');
      insert into bot.dialogs values (md5('d')::uuid, md5('a')::uuid, 7);
      insert into bot.turns (dialog_id, query, answer, input_tokens, latency_ms, deleted_at, created_at) values
        (md5('d')::uuid, 'Question', 'Answer', 11, 1500, null, '2025-03-01'),
        (md5('d')::uuid, 'Question', 'Answer', 0, 500, null, '2025-03-02'),
        (md5('d')::uuid, 'Deleted', 'Answer', 0, 500, now(), '2025-03-03')`);

    const text = await followed(db, url, "bot.turns");

    expect(text).toContain("m.created_at as created_at -- without a zone: taken as UTC");
    expect(await metrics(db)).toMatchObject([
      {
        organization_id: "acme",
        user_id: "7",
        user_messages: 2,
        ai_messages: 2,
        prompt_tokens: 13,
        conversation_start: start,
        average_response_time: 1,
      },
    ]);
  });

  test("of messages: words of roles, json content, epoch milliseconds, thumbs on the row", async ({ db, url }) => {
    await db.unsafe(`
      create table public."Message" ("id" text primary key, "chatId" text, "senderType" text, "content" jsonb, "createdAt" bigint, "thumbs" text);
      insert into public."Message" values
        ('1', 'c', 'Customer', '{"text": "Hello"}', 1740787200000, null),
        ('2', 'c', 'AI', '{"text": "Hi there"}', 1740787204000, 'up'),
        ('3', 'c', 'system', '{"text": "Unseen"}', 1740787209000, null)`);

    const text = await followed(db, url, 'public."Message"');

    expect(text).toContain(
      `case m."senderType" when 'Customer' then 'user' when 'AI' then 'assistant' else 'other' end as role, -- of nobody, so no messages: system`,
    );
    expect(text).toContain('to_timestamp(m."createdAt" / 1e3) as created_at -- milliseconds since 1970');
    expect(await metrics(db)).toMatchObject([
      {
        session_id: "c",
        user_messages: 1,
        ai_messages: 1,
        conversation_start: start,
        average_response_time: 4,
        rating_count: 1,
        rating_sum: 5,
      },
    ]);
  });

  test("of a composite key: an expression, an index for it, and the key for attach", async ({ db, url }) => {
    await db.unsafe(`
      create table public.posts (room text, no integer, is_bot boolean, body text, sent_at timestamptz, vote smallint, primary key (room, no));
      insert into public.posts values ('r', 1, false, 'Hello', '2025-03-01Z', null), ('r', 2, true, 'Hi', '2025-03-01 00:00:02Z', -1),
        ('r', 3, true, 'There', '2025-03-01 00:00:03Z', 1), ('r', 4, true, 'There', '2025-03-01 00:00:03Z', 0)`);

    const text = await followed(db, url, "posts");

    expect(text).toContain("m.room::text || ':' || m.no::text as conversation_id");
    expect(text).toContain("3 + 2 * m.vote as rating -- 1, 0 and -1 are 5, 3 and 1");
    expect(await metrics(db)).toMatchObject([
      { session_id: "r", user_messages: 1, ai_messages: 3, average_response_time: 2, rating_count: 3, rating_sum: 9 },
    ]);
  });

  test("of a table of ratings or of contacts proposes that kind", async ({ db, url }) => {
    await db.unsafe(`
      create table public.chats (id integer primary key, account_id integer);
      create table public.votes (id integer primary key, message_id integer, is_upvoted boolean);
      create table public.contacts (id integer primary key, chat_id integer references public.chats, email text, full_name text)`);

    const votes = (await cli(["attach", "--suggest", "votes"], { url })).stdout;
    const contacts = (await cli(["attach", "--suggest", "contacts"], { url })).stdout;
    await db.unsafe(votes);
    await db.unsafe(contacts);

    expect(votes).toContain("case when m.is_upvoted then 5 when not m.is_upvoted then 1 end as rating");
    expect(votes).toContain("--feedback public.votes_as_feedback");
    expect(contacts).toContain("p1.account_id as organization_id");
    expect(contacts).toContain("m.full_name as name");
    expect(contacts).toContain("--leads public.contacts_as_leads");
  });

  test("finds the time by other names, and where a table has one alone", async ({ db, url }) => {
    await db.unsafe(`
      create table public.turns (id integer primary key, chat_id integer, question text, answer text, asked_at timestamptz, answered_at timestamptz);
      create table public.lines (id integer primary key, chat_id integer, text text, role text, moment timestamptz, updated_at timestamptz)`);

    const turns = await cli(["attach", "--suggest", "turns"], { url });
    const lines = await cli(["attach", "--suggest", "lines"], { url });

    expect(turns.stdout).toContain("m.answered_at as responded_at,\n  m.asked_at as created_at\n");
    expect(lines.stdout).toContain("m.moment as created_at\n");
  });

  test("says what it does not find, and refuses what is no table", async ({ db, url }) => {
    await db`create table public.notes (id integer primary key, text text)`;

    const notes = await cli(["attach", "--suggest", "notes"], { url });
    const none = await cli(["attach", "--suggest", "nothing"], { url });

    expect(notes.stdout).toContain("-- MISSING session_id: which column says what belongs together?");
    expect(notes.stdout).toContain("-- MISSING created_at: which column holds the time?");
    expect(none.code).toBe(2);
    expect(none.stderr).toContain("error: There is no table nothing.");
  });

  test("what the README says to attach is what the line before it proposes", async ({ db, url }) => {
    await db.unsafe(`create schema chat;
      create table chat.messages (id integer primary key, session_id text, role text, content text, created_at timestamptz);
      insert into chat.messages values (1, 's', 'user', 'Hi', now())`);
    const readme = readFileSync(join(packageRoot, "README.md"), "utf8");
    const [proposes = [], attaches = []] = [...readme.matchAll(/^npx conversation-metrics (attach [^#\n]*)/gm)].map(
      ([, line = ""]) => line.trim().split(" "),
    );

    await db.unsafe((await cli(proposes, { url })).stdout);
    const { code, stderr } = await cli(attaches, { url });

    expect(stderr).not.toContain("error");
    expect(code).toBe(0);
  });
});
