import { describeShape } from "./support/attached/shape.ts";

// After n8n's Postgres chat memory (LangChain): json with a type and the content, no tenant and no time at all.
const tables = `
  create table public.n8n_chat_histories (id serial primary key, session_id varchar(255) not null, message jsonb not null)`;

const insert = (from: number, to: number) => `
  insert into public.n8n_chat_histories (session_id, message)
  select 's' || n % 5, jsonb_build_object('type', (array['human', 'ai', 'system'])[1 + n / 5 % 3], 'content', 'Text ' || n,
    'response_metadata', jsonb_build_object('model', 'gpt-4'))
  from generate_series(${from}, ${to}) as n`;

const views = `
  create view public.n8n_messages as
  select id as conversation_id, session_id, case message ->> 'type' when 'human' then 'user' when 'ai' then 'assistant' end as role,
    message ->> 'content' as message, message -> 'response_metadata' ->> 'model' as model
  from public.n8n_chat_histories where message ->> 'type' in ('human', 'ai')`;

const oracle = `
  with said as (
    select id, session_id, message @> '{"type": "human"}' as by_human, length(message ->> 'content') as length
    from public.n8n_chat_histories where message @> '{"type": "human"}' or message @> '{"type": "ai"}'
  )
  select session_id::text as session_id, min(id)::text as conversation_id,
    count(*) filter (where by_human and length > 0) as user_messages, count(*) filter (where not by_human and length > 0) as ai_messages,
    coalesce(sum(ceil(length / 4.0)) filter (where by_human), 0) as prompt_tokens,
    coalesce(sum(ceil(length / 4.0)) filter (where not by_human), 0) as completion_tokens, count(*) as message_rows
  from said group by session_id`;

describeShape("json without a tenant or a time (n8n, LangChain)", {
  source: "n8n",
  ...{ tables, rows: insert(1, 60), views, oracle },
  attach: "'public.n8n_messages'",
  writes: {
    "one message is counted": insert(105, 105),
    "one message of a new session is counted": `insert into public.n8n_chat_histories (session_id, message) values ('new', '{"type": "human", "content": "¿Está abierto?"}')`,
    "four messages at once are counted": insert(111, 114),
    "two hundred messages at once are counted": insert(200, 399),
    "a changed content is counted": `
      update public.n8n_chat_histories set message = jsonb_set(message, '{content}', '"Another text altogether"') where id = 1`,
    "a message that becomes one of the system leaves": `update public.n8n_chat_histories set message = message || '{"type": "system"}' where id in (2, 6)`,
    "messages of the system that become an AI's are counted": `update public.n8n_chat_histories set message = message || '{"type": "ai"}' where message ->> 'type' = 'system'`,
    "a deleted session leaves": "delete from public.n8n_chat_histories where session_id = 's1'",
    "emptied, nothing is left": "truncate public.n8n_chat_histories restart identity",
  },
});
