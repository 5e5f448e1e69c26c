import type { TransactionSql } from "postgres";
import type { Sql } from "../../src/database.ts";
import { random } from "./generators/prng.ts";
import { makeConversations, writeConversations } from "./reports/conversations.ts";

/** Another application's tables, whose organizations are called like ours. */
export const SUPPORT = `
  create schema chat;
  create table chat.lines (id integer primary key, room text not null, tenant text, words text, answer text, engine text,
    "at" timestamptz not null, answered timestamptz);
  create table chat.people (id integer primary key, room text not null, tenant text, mail text);
  create view chat.messages as select id as conversation_id, room as session_id, tenant as organization_id, words as message,
    answer as response, engine as model, "at" as created_at, answered as responded_at from chat.lines;
  create view chat.leads as select id as lead_id, room as session_id, tenant as organization_id, mail as email from chat.people;
  insert into chat.lines values
    (1, 'r1', '1', 'words of one', 'answer', 'engine-of-1', '2025-05-01Z', '2025-05-01 00:00:02Z'),
    (2, 'r2', '2', 'words of two', 'answer', 'engine-of-2', '2025-05-01Z', '2025-05-01 00:00:02Z'),
    (3, 'r3', null, 'words of none', 'answer', 'engine-of-0', '2025-05-01Z', '2025-05-01 00:00:02Z');
  insert into chat.people values (1, 'r1', '1', 'one@mail.example'), (2, 'r2', '2', 'two@mail.example')`;

export const ATTACH = "select metrics.attach('support', 'chat.messages', leads => 'chat.leads')";

/** Conversations of the organizations 1, 2 and none, in both sources, with sessions of the same names. */
export async function writeTenants(db: Sql): Promise<void> {
  await writeConversations(db, makeConversations(random(11), 60));
  await db`
    insert into conversations (organization_id, session_id, message, response, model) values
      (1, 'shared', 'text of one', 'answer', 'model-of-1'), (2, 'shared', 'text of two', 'answer', 'model-of-2'),
      (null, 'shared', 'text of none', 'answer', 'model-of-0')`;
  await db`
    insert into leads (organization_id, session_id, name, email) values
      (1, 'shared', 'Lead of one', 'one@mail.example'), (2, 'shared', 'Lead of two', 'two@mail.example')`;
  await db.unsafe(SUPPORT);
  await db.unsafe(ATTACH);
}

/** The names of all reports. */
export async function reportNames(db: Sql): Promise<string[]> {
  const rows = await db<{ name: string }[]>`
    select proname as name from pg_proc
    where pronamespace = 'public'::regnamespace and starts_with(proname, 'report_') and proname <> 'report_filter'
    order by 1`;
  return rows.map(({ name }) => name);
}

/** All rows of a query, whatever their order. */
export async function rowsOf(db: Sql | TransactionSql, query: string): Promise<string[]> {
  const rows = await db.unsafe<{ row: string }[]>(`select to_jsonb(r)::text as row from (${query}) as r order by 1`);
  return rows.map(({ row }) => row);
}
