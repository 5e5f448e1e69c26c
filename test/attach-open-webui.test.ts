import { describeShape } from "./support/attached/shape.ts";

// After Open WebUI's channels: text ids, times in nanoseconds since 1970, deleted for all by a time, feedback
// in json with 1 and -1; model and usage in json.
const tables = `
  create schema webui;
  create table webui.channel (id text primary key, user_id text, name text, deleted_at bigint);
  create table webui.message (id text primary key, user_id text, channel_id text references webui.channel, content text, data json, meta json,
    created_at bigint, updated_at bigint);
  create index on webui.message (channel_id);
  create table webui.feedback (id text primary key, user_id text, type text, data json, meta json, created_at bigint)`;

const message = (
  n: string,
) => `'m' || ${n}, case when ${n} % 2 = 0 then 'model' else 'person ' || ${n} % 3 end, 'c' || ${n} % 5, 'Content ' || ${n},
  case when ${n} % 2 = 0 then json_build_object('usage', json_build_object('input', ${n}, 'output', ${n} * 2), 'model', 'gpt-4o-mini') end,
  1740787200000000000 + ${n} * 1000000000::bigint`;
const insert = (from: number, to: number) => `
  insert into webui.message (id, user_id, channel_id, content, data, created_at) select ${message("n")} from generate_series(${from}, ${to}) as n`;

const rows = `
  insert into webui.channel select 'c' || n, 'person', 'Channel', case when n = 4 then 1740787200000000000 end from generate_series(0, 4) as n;
  ${insert(1, 70)};
  insert into webui.feedback select 'f' || n, 'person', 'rating', json_build_object('rating', n % 3 - 1),
    json_build_object('message_id', 'm' || n) from generate_series(1, 30) as n`;

const views = `
  create view webui.metrics_messages as
  select m.id as conversation_id, m.channel_id as session_id, nullif(m.user_id, 'model') as user_id,
    case m.user_id when 'model' then 'assistant' else 'user' end as role, m.content as message, m.data ->> 'model' as model,
    (m.data -> 'usage' ->> 'output')::bigint as completion_tokens, to_timestamp(m.created_at / 1000000000) as created_at
  from webui.message m join webui.channel c on c.id = m.channel_id where c.deleted_at is null;
  create view webui.metrics_feedback as
  select id as feedback_id, meta ->> 'message_id' as conversation_id, 3 + 2 * (data ->> 'rating')::int as rating
  from webui.feedback where type = 'rating'`;

const oracle = `
  with said as (
    select m.*, m.user_id <> 'model' and content <> '' as asked, m.user_id = 'model' and content <> '' as answered,
      timestamptz 'epoch' + m.created_at / 1000000000 * interval '1 s' as at
    from webui.message m where not exists (select from webui.channel c where c.id = m.channel_id and c.deleted_at is not null)
  ),
  timed as (select *, lead(answered) over w as is_answered, lead(at) over w - at as waited from said window w as (partition by channel_id order by at, id)),
  rated as (
    select m.channel_id, count(*) as ratings, sum(case f.data ->> 'rating' when '1' then 5 when '0' then 3 else 1 end) as total
    from webui.feedback f join said m on m.id = f.meta ->> 'message_id' group by 1
  )
  select channel_id as session_id, (array_agg(id order by at, id))[1] as conversation_id,
    (array_agg(nullif(user_id, 'model') order by at, id))[1] as user_id,
    count(*) filter (where asked) as user_messages, count(*) filter (where answered) as ai_messages,
    coalesce(sum(ceil(length(content) / 4.0)) filter (where asked), 0) as prompt_tokens,
    coalesce(sum(coalesce((data -> 'usage' ->> 'output')::int, ceil(length(content) / 4.0))) filter (where answered), 0) as completion_tokens,
    min(at) as conversation_start, max(at) as conversation_end,
    count(*) filter (where asked and is_answered) as response_count,
    coalesce(sum(extract(epoch from waited) * 1000000) filter (where asked and is_answered), 0)::bigint as response_us_sum,
    count(*) as message_rows, coalesce(max(ratings), 0) as rating_count, coalesce(max(total), 0) as rating_sum
  from timed left join rated using (channel_id) group by channel_id`;

describeShape("text ids, epoch times, usage and ratings in json (Open WebUI)", {
  source: "webui",
  ...{ tables, rows, views, oracle },
  attach: "'webui.metrics_messages', feedback => 'webui.metrics_feedback'",
  writes: {
    "one message is counted": insert(101, 101),
    "three messages at once are counted": insert(111, 113),
    "two hundred messages at once are counted": insert(200, 399),
    "usage that is reported later is counted": [
      `insert into webui.message (id, user_id, channel_id, content, created_at) values ('late', 'model', 'c1', 'An answer', 1750000000000000000)`,
      `update webui.message set data = '{"usage": {"output": 77}}' where id = 'late'`,
    ],
    "a message whose time is corrected is the first":
      "update webui.message set created_at = 1740000000000000000 where id = 'm60'",
    "a channel that is deleted leaves, one that is restored returns": [
      "update webui.channel set deleted_at = 1 where id = 'c1'",
      "update webui.channel set deleted_at = null where id = 'c4'",
    ],
    "a message that moves with a new id is counted there":
      "update webui.message set id = 'moved', channel_id = 'c2' where id = 'm3'",
    "ratings of 1, 0 and -1 are counted, changed and taken back": [
      `insert into webui.feedback values ('new', 'person', 'rating', '{"rating": 1}', '{"message_id": "m31"}', 1)`,
      `update webui.feedback set data = '{"rating": 0}' where id in ('f1', 'f2', 'f3')`,
      "delete from webui.feedback where id = 'f5'",
    ],
    "a rating before its message counts when the message comes": [
      `insert into webui.feedback values ('early', 'person', 'rating', '{"rating": 1}', '{"message_id": "m500"}', 1)`,
      insert(500, 500),
    ],
    "deleted messages are taken away": [
      "delete from webui.message where id = 'm2'",
      "delete from webui.message where id like 'm1%'",
    ],
    "emptied, nothing is left": "truncate webui.message",
  },
});
