import { describeShape } from "./support/attached/shape.ts";

// After Flowise: quoted names, roles apiMessage and userMessage, the tenant two tables away (flow, workspace)
// without any foreign key, thumbs as words.
const tables = `
  create schema flowise;
  create table flowise.workspace (id uuid primary key default gen_random_uuid(), name text not null, "organizationId" uuid);
  create table flowise.chat_flow (id uuid primary key, name text not null, "workspaceId" uuid);
  create index on flowise.chat_flow ("workspaceId");
  create table flowise.chat_message (id uuid primary key, role text not null, chatflowid uuid not null, content text not null,
    "chatId" text not null, "sessionId" text, "createdDate" timestamp not null default now());
  create index on flowise.chat_message (chatflowid);
  create table flowise.chat_message_feedback (id uuid primary key, chatflowid uuid not null, content text, "chatId" text not null,
    "messageId" uuid not null unique, rating text not null)`;

const message = (n: string) => `md5('m' || ${n})::uuid, case when ${n} % 2 = 0 then 'apiMessage' else 'userMessage' end,
  md5('f' || ${n} / 2 % 3)::uuid, 'Content ' || ${n}, 'chat ' || ${n} / 2 % 9, timestamp '2025-03-01' + ${n} * interval '3 s'`;
const insert = (from: number, to: number) => `
  insert into flowise.chat_message (id, role, chatflowid, content, "chatId", "createdDate")
  select ${message("n")} from generate_series(${from}, ${to}) as n`;

const rows = `
  insert into flowise.workspace select md5('w' || n)::uuid, 'W', md5('o' || n)::uuid from generate_series(0, 1) as n;
  insert into flowise.chat_flow values (md5('f0')::uuid, 'F', md5('w0')::uuid), (md5('f1')::uuid, 'F', md5('w1')::uuid),
    (md5('f2')::uuid, 'F', null);
  ${insert(1, 60)};
  insert into flowise.chat_message_feedback select md5('v' || n)::uuid, md5('f' || n / 2 % 3)::uuid, null, 'chat ' || n / 2 % 9,
    md5('m' || n)::uuid, case when n % 3 = 0 then 'THUMBS_UP' else 'THUMBS_DOWN' end from generate_series(2, 30, 4) as n`;

const views = `
  create view flowise.metrics_messages as
  select m.id as conversation_id, m."chatId" as session_id, w."organizationId" as organization_id, m.chatflowid as widget_id,
    case m.role when 'userMessage' then 'user' when 'apiMessage' then 'assistant' end as role, m.content as message,
    m."createdDate" as created_at
  from flowise.chat_message m
  left join flowise.chat_flow f on f.id = m.chatflowid
  left join flowise.workspace w on w.id = f."workspaceId";
  create view flowise.metrics_feedback as
  select id as feedback_id, "messageId" as conversation_id, case rating when 'THUMBS_UP' then 5 when 'THUMBS_DOWN' then 1 end as rating
  from flowise.chat_message_feedback`;

const oracle = `
  with said as (
    select m.*, m.role = 'userMessage' and content <> '' as asked, m.role = 'apiMessage' and content <> '' as answered,
      (select w."organizationId" from flowise.workspace w, flowise.chat_flow f where f.id = m.chatflowid and w.id = f."workspaceId") as tenant
    from flowise.chat_message m
  ),
  timed as (
    select *, lead(answered) over w as is_answered, lead("createdDate") over w - "createdDate" as waited
    from said window w as (partition by tenant, "chatId" order by "createdDate", id)
  )
  select tenant::text as organization_id, "chatId" as session_id, (array_agg(id::text order by "createdDate", id))[1] as conversation_id,
    (array_agg(chatflowid::text order by "createdDate", id))[1] as widget_id,
    count(*) filter (where asked) as user_messages, count(*) filter (where answered) as ai_messages,
    coalesce(sum(ceil(length(content) / 4.0)) filter (where asked), 0) as prompt_tokens,
    coalesce(sum(ceil(length(content) / 4.0)) filter (where answered), 0) as completion_tokens,
    min("createdDate") at time zone 'UTC' as conversation_start, max("createdDate") at time zone 'UTC' as conversation_end,
    count(*) filter (where asked and is_answered) as response_count,
    coalesce(sum(extract(epoch from waited) * 1000000) filter (where asked and is_answered), 0)::bigint as response_us_sum,
    count(*) as message_rows, coalesce(sum(rated.ratings), 0) as rating_count, coalesce(sum(rated.total), 0) as rating_sum
  from timed
  left join lateral (
    select count(*) as ratings, sum(case rating when 'THUMBS_UP' then 5 else 1 end) as total
    from flowise.chat_message_feedback where "messageId" = timed.id
  ) as rated on true
  group by tenant, "chatId"`;

describeShape("the tenant through two parents without foreign keys (Flowise)", {
  source: "flowise",
  ...{ tables, rows, views, oracle },
  attach: `'flowise.metrics_messages', feedback => 'flowise.metrics_feedback', parents => '{
    "flowise.chat_flow": "select m.id from changed join flowise.chat_message m on m.chatflowid = changed.id",
    "flowise.workspace": "select m.id from changed join flowise.chat_flow f on f.\\"workspaceId\\" = changed.id join flowise.chat_message m on m.chatflowid = f.id"}'`,
  writes: {
    "a question and its answer are counted": [insert(101, 101), insert(102, 102)],
    "six messages at once are counted": insert(111, 116),
    "two hundred messages at once are counted": insert(200, 399),
    "a workspace that gets another organization takes its chats along": `update flowise.workspace set "organizationId" = md5('other')::uuid where id = md5('w0')::uuid`,
    "a flow that is put into a workspace takes its chats along": `update flowise.chat_flow set "workspaceId" = md5('w1')::uuid where "workspaceId" is null`,
    "all flows that exchange their workspaces at once take their chats along": `
      update flowise.chat_flow set "workspaceId" = case "workspaceId" when md5('w0')::uuid then md5('w1')::uuid else md5('w0')::uuid end`,
    "a workspace whose id changes leaves its chats without a tenant":
      "update flowise.workspace set id = gen_random_uuid() where id = md5('w1')::uuid",
    "a message that moves to another flow moves to another tenant":
      "update flowise.chat_message set chatflowid = md5('f1')::uuid where id = md5('m1')::uuid",
    "thumbs are counted, changed and taken back": [
      `insert into flowise.chat_message_feedback values (md5('v1')::uuid, md5('f0')::uuid, null, 'chat 0', md5('m1')::uuid, 'THUMBS_UP')`,
      "update flowise.chat_message_feedback set rating = 'THUMBS_UP'",
      "delete from flowise.chat_message_feedback where id = md5('v2')::uuid",
    ],
    "a deleted flow leaves its chats without a tenant": "delete from flowise.chat_flow where id = md5('f1')::uuid",
    "flow and messages deleted in one transaction leave":
      "delete from flowise.chat_flow where id = md5('f0')::uuid; delete from flowise.chat_message where chatflowid = md5('f0')::uuid",
    "a flow that comes back brings its tenant": `insert into flowise.chat_flow values (md5('f1')::uuid, 'F', md5('w1')::uuid) on conflict (id) do update set "workspaceId" = null`,
    "emptied parents leave the chats without a tenant": "truncate flowise.workspace",
    "emptied, nothing is left": "truncate flowise.chat_message",
  },
});
