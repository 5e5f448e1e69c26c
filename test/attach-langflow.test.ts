import { describeShape } from "./support/attached/shape.ts";

// After Langflow: a sender as a word, errors beside messages, thumbs as a boolean in the message's own json,
// the tenant (the flow's user) one table away and optional.
const tables = `
  create schema langflow;
  create table langflow."user" (id uuid primary key, username varchar not null);
  create table langflow.flow (id uuid primary key, name varchar not null, user_id uuid references langflow."user" on delete set null);
  create index on langflow.flow (user_id);
  create table langflow.message (id uuid primary key, "timestamp" timestamp not null, sender varchar not null, sender_name varchar not null,
    session_id varchar not null, text text, error boolean not null default false, flow_id uuid references langflow.flow on delete set null,
    properties json);
  create index on langflow.message (flow_id)`;

const message = (
  n: string,
) => `md5('m' || ${n})::uuid, timestamp '2025-03-01' + ${n} * interval '5 s', (array['User', 'Machine'])[1 + ${n} % 2], 'X',
  's' || ${n} / 2 % 6, 'Text ' || ${n}, ${n} % 17 = 0, case when ${n} / 2 % 6 > 0 then md5('f' || ${n} / 2 % 6 % 3)::uuid end,
  json_build_object('positive_feedback', (array[true, false, null])[1 + ${n} % 3])`;
const insert = (from: number, to: number) =>
  `insert into langflow.message select ${message("n")} from generate_series(${from}, ${to}) as n`;

const rows = `
  insert into langflow."user" select md5('u' || n)::uuid, 'u' || n from generate_series(0, 1) as n;
  insert into langflow.flow select md5('f' || n)::uuid, 'Flow', case when n < 2 then md5('u' || n)::uuid end from generate_series(0, 2) as n;
  ${insert(1, 50)}`;

const views = `
  create view langflow.metrics_messages as
  select m.id as conversation_id, m.session_id, f.user_id as organization_id, f.id as widget_id,
    case m.sender when 'User' then 'user' when 'Machine' then 'assistant' end as role, m.text as message, m."timestamp" as created_at
  from langflow.message m left join langflow.flow f on f.id = m.flow_id where not m.error;
  create view langflow.metrics_feedback as
  select m.id as feedback_id, m.id as conversation_id,
    case (m.properties ->> 'positive_feedback')::boolean when true then 5 when false then 1 end as rating
  from langflow.message m where m.properties ->> 'positive_feedback' is not null`;

const oracle = `
  with said as (
    select m.*, f.user_id as tenant, m.sender = 'User' and text <> '' as asked, m.sender = 'Machine' and text <> '' as answered,
      case m.properties ->> 'positive_feedback' when 'true' then 5 when 'false' then 1 end as stars
    from langflow.message m left join langflow.flow f on f.id = m.flow_id where m.error = false
  ),
  timed as (
    select *, lead(answered) over w as is_answered, lead("timestamp") over w - "timestamp" as waited
    from said window w as (partition by tenant, session_id order by "timestamp", id)
  )
  select tenant::text as organization_id, session_id, (array_agg(flow_id::text order by "timestamp", id))[1] as widget_id,
    (array_agg(id::text order by "timestamp", id))[1] as conversation_id,
    count(*) filter (where asked) as user_messages, count(*) filter (where answered) as ai_messages,
    coalesce(sum(ceil(length(text) / 4.0)) filter (where asked), 0) as prompt_tokens,
    coalesce(sum(ceil(length(text) / 4.0)) filter (where answered), 0) as completion_tokens,
    min("timestamp") at time zone 'UTC' as conversation_start, max("timestamp") at time zone 'UTC' as conversation_end,
    count(*) filter (where asked and is_answered) as response_count,
    coalesce(sum(extract(epoch from waited) * 1000000) filter (where asked and is_answered), 0)::bigint as response_us_sum,
    count(*) as message_rows, count(stars) as rating_count, coalesce(sum(stars), 0) as rating_sum
  from timed group by tenant, session_id`;

const rate = (value: string) => `jsonb_set(properties::jsonb, '{positive_feedback}', '${value}')::json`;

describeShape("thumbs on the message row (Langflow)", {
  source: "langflow",
  ...{ tables, rows, views, oracle },
  attach: "'langflow.metrics_messages', feedback => 'langflow.metrics_feedback'",
  writes: {
    "a rated message is counted with its rating": insert(105, 105),
    "three messages at once are counted": insert(111, 113),
    "two hundred messages at once are counted": insert(200, 399),
    "a thumb that is given, turned and taken back": [
      `update langflow.message set properties = ${rate("true")} where id = md5('m2')::uuid`,
      `update langflow.message set properties = ${rate("false")} where id = md5('m3')::uuid`,
      `update langflow.message set properties = ${rate("null")} where id = md5('m4')::uuid`,
    ],
    "text and thumb changed at once are counted": `update langflow.message set text = 'Edited text', properties = ${rate("true")} where id = md5('m7')::uuid`,
    "a message that turns out an error leaves with its rating":
      "update langflow.message set error = true where id = md5('m6')::uuid",
    "all errors that are cleared are counted": "update langflow.message set error = false",
    "a flow that goes leaves its messages without a tenant": "delete from langflow.flow where id = md5('f1')::uuid",
    "a user who goes leaves flows and messages without a tenant": `delete from langflow."user" where id = md5('u0')::uuid`,
    "a flow that gets its user takes its messages along": `
      update langflow.flow set user_id = (select max(id::text)::uuid from langflow."user") where user_id is null`,
    "deleted messages are taken away with their ratings": [
      "delete from langflow.message where id = md5('m1')::uuid",
      "delete from langflow.message where session_id = 's2'",
    ],
    "emptied, nothing is left": "truncate langflow.message",
  },
});
