import { describeShape } from "./support/attached/shape.ts";

// After Dify: exchanges with uuid ids, a naive time, a latency in seconds, a tenant through the app,
// conversations that are deleted by a flag, likes.
const tables = `
  create schema dify;
  create table dify.apps (id uuid primary key, tenant_id uuid not null, name varchar(255) not null);
  create table dify.end_users (id uuid primary key, session_id varchar(255) not null, name varchar(255));
  create table dify.conversations (id uuid primary key, app_id uuid not null references dify.apps, from_end_user_id uuid
    references dify.end_users, is_deleted boolean not null default false);
  create index on dify.conversations (app_id);
  create index on dify.conversations (from_end_user_id);
  create table dify.messages (id uuid primary key, conversation_id uuid not null references dify.conversations on delete cascade,
    query text not null, answer text not null, message_tokens integer not null default 0, answer_tokens integer not null default 0,
    provider_response_latency double precision not null default 0, model_id varchar(255), status varchar(255) not null default 'normal',
    created_at timestamp not null default current_timestamp(0));
  create index on dify.messages (conversation_id);
  create table dify.message_feedbacks (id uuid primary key, message_id uuid not null references dify.messages on delete cascade,
    rating varchar(255) not null, from_source varchar(255) not null)`;

const message = (
  n: string,
) => `md5('m' || ${n})::uuid, md5('c' || ${n} % 6)::uuid, 'Question ' || ${n}, 'Answer ' || ${n},
  case when ${n} % 2 = 0 then 7 else 0 end, case when ${n} % 2 = 0 then 9 else 0 end, ${n} % 4 / 2.0, 'gpt-4o',
  case when ${n} % 7 = 0 then 'error' else 'normal' end, timestamp '2025-03-01' + ${n} * interval '1 min'`;

const rows = `
  insert into dify.apps select md5('a' || n)::uuid, md5('t' || n % 2)::uuid, 'App' from generate_series(0, 2) as n;
  insert into dify.end_users select md5('u' || n)::uuid, 's', 'User ' || n from generate_series(0, 2) as n;
  insert into dify.conversations select md5('c' || n)::uuid, md5('a' || n % 3)::uuid,
    case when n % 2 = 0 then md5('u' || n % 3)::uuid end, n = 5 from generate_series(0, 6) as n;
  insert into dify.messages select ${message("n")} from generate_series(1, 40) as n;
  insert into dify.message_feedbacks select md5('f' || n)::uuid, md5('m' || n)::uuid,
    (array['like', 'dislike'])[1 + n % 2], 'user' from generate_series(1, 40, 3) as n`;

const views = `
  create view dify.metrics_messages as
  select m.id as conversation_id, m.conversation_id as session_id, a.tenant_id as organization_id, a.id as widget_id,
    c.from_end_user_id as user_id, m.query as message, m.answer as response, m.model_id as model,
    nullif(m.message_tokens, 0) as prompt_tokens, nullif(m.answer_tokens, 0) as completion_tokens, m.created_at,
    m.created_at + m.provider_response_latency * interval '1 second' as responded_at
  from dify.messages m
  join dify.conversations c on c.id = m.conversation_id
  join dify.apps a on a.id = c.app_id
  where not c.is_deleted and m.status = 'normal';
  create view dify.metrics_feedback as
  select id as feedback_id, message_id as conversation_id, case rating when 'like' then 5 when 'dislike' then 1 end as rating
  from dify.message_feedbacks`;

const oracle = `
  select a.tenant_id::text as organization_id, c.id::text as session_id, a.id::text as widget_id,
    c.from_end_user_id::text as user_id, (array_agg(m.id::text order by m.created_at, m.id))[1] as conversation_id,
    count(*) filter (where m.query <> '') as user_messages, count(*) filter (where m.answer <> '') as ai_messages,
    sum(case when m.query = '' then 0 when m.message_tokens > 0 then m.message_tokens else (length(m.query) + 3) / 4 end) as prompt_tokens,
    sum(case when m.answer = '' then 0 when m.answer_tokens > 0 then m.answer_tokens else (length(m.answer) + 3) / 4 end) as completion_tokens,
    min(m.created_at at time zone 'UTC') as conversation_start,
    greatest(max(m.created_at), max((m.created_at + make_interval(secs => m.provider_response_latency))) filter (where m.answer <> ''))
      at time zone 'UTC' as conversation_end,
    count(*) filter (where m.query <> '' and m.answer <> '') as response_count,
    coalesce(sum(m.provider_response_latency * 1e6) filter (where m.query <> '' and m.answer <> ''), 0) as response_us_sum,
    count(*) as message_rows,
    coalesce(sum(f.ratings), 0) as rating_count, coalesce(sum(f.total), 0) as rating_sum
  from dify.conversations c
  join dify.apps a on a.id = c.app_id
  join dify.messages m on m.conversation_id = c.id and m.status = 'normal'
  left join lateral (
    select count(*) as ratings, sum(case v.rating when 'like' then 5 else 1 end) as total
    from dify.message_feedbacks v where v.message_id = m.id
  ) f on true
  where not c.is_deleted
  group by a.tenant_id, c.id, a.id, c.from_end_user_id`;

describeShape("exchanges with uuid ids, the tenant on the app (Dify)", {
  source: "dify",
  ...{ tables, rows, views, oracle },
  attach: "'dify.metrics_messages', feedback => 'dify.metrics_feedback'",
  writes: {
    "one exchange is counted": `insert into dify.messages select ${message("n")} from generate_series(103, 103) as n`,
    "a new conversation with its first exchange is counted": `
      insert into dify.conversations values (md5('new')::uuid, md5('a1')::uuid, null);
      insert into dify.messages (id, conversation_id, query, answer) values (md5('m200')::uuid, md5('new')::uuid, 'Hi', 'Hello')`,
    "three exchanges at once are counted": `insert into dify.messages select ${message("n")} from generate_series(111, 113) as n`,
    "two hundred exchanges at once are counted": `insert into dify.messages select ${message("n")} from generate_series(300, 499) as n`,
    "an answer that is filled in later is counted": [
      `insert into dify.messages (id, conversation_id, query, answer, created_at) values (md5('m600')::uuid, md5('c1')::uuid, 'Hi', '', '2025-04-01')`,
      `update dify.messages set answer = 'A long answer', answer_tokens = 4, provider_response_latency = 2.5 where id = md5('m600')::uuid`,
    ],
    "one exchange with an error no longer counts":
      "update dify.messages set status = 'error' where id = md5('m2')::uuid",
    "many changed exchanges are counted anew": "update dify.messages set query = query || '!', message_tokens = 0",
    "an exchange that moves to another conversation is counted there":
      "update dify.messages set conversation_id = md5('c2')::uuid where id = md5('m1')::uuid",
    "a like, a change of mind and its removal are counted": [
      "insert into dify.message_feedbacks values (md5('f100')::uuid, md5('m2')::uuid, 'like', 'user')",
      "update dify.message_feedbacks set rating = 'dislike' where message_id = md5('m4')::uuid",
      "delete from dify.message_feedbacks where message_id = md5('m7')::uuid",
    ],
    "one deleted exchange is taken away, with its like": "delete from dify.messages where id = md5('m4')::uuid",
    "a conversation deleted by its flag leaves, and returns with the flag": [
      "update dify.conversations set is_deleted = true where id = md5('c1')::uuid",
      "update dify.conversations set is_deleted = false where id = md5('c5')::uuid",
    ],
    "a conversation deleted with all its messages by a cascade leaves":
      "delete from dify.conversations where id = md5('c2')::uuid",
    "an app that changes hands takes its conversations to the other tenant":
      "update dify.apps set tenant_id = md5('other')::uuid where id = md5('a1')::uuid",
    "a user who is known only later is filled in":
      "update dify.conversations set from_end_user_id = md5('u2')::uuid where from_end_user_id is null",
    "emptied, the messages leave no session": "truncate dify.messages cascade",
  },
});
