import { describeShape } from "./support/attached/shape.ts";

// After Vercel's AI chatbot: quoted camel case, the text in json parts, votes with a composite key.
const tables = `
  create table public."User" ("id" uuid primary key, "email" varchar(64) not null);
  create table public."Chat" ("id" uuid primary key, "createdAt" timestamp not null, "title" text not null,
    "userId" uuid not null references public."User" on delete cascade, "visibility" varchar not null default 'private');
  create index on public."Chat" ("userId");
  create table public."Message_v2" ("id" uuid primary key, "chatId" uuid not null references public."Chat" on delete cascade,
    "role" varchar not null, "parts" json not null, "attachments" json not null default '[]', "createdAt" timestamp not null);
  create index on public."Message_v2" ("chatId");
  create table public."Vote_v2" ("chatId" uuid not null references public."Chat" on delete cascade,
    "messageId" uuid not null references public."Message_v2" on delete cascade, "isUpvoted" boolean not null,
    primary key ("chatId", "messageId"));
  create unique index on public."Vote_v2" (("chatId" || '/' || "messageId"))`;

const message = (
  n: string,
) => `md5('m' || ${n})::uuid, md5('c' || ${n} % 5)::uuid, (array['user', 'assistant'])[1 + ${n} / 5 % 2],
  json_build_array(json_build_object('type', 'text', 'text', 'Part ' || ${n}), json_build_object('type', 'tool-call', 'text', 'unseen'),
    json_build_object('type', 'text', 'text', ' and more')), '[]'::json, timestamp '2025-03-01' + ${n} * interval '13 s'`;
const insert = (from: number, to: number) =>
  `insert into public."Message_v2" select ${message("n")} from generate_series(${from}, ${to}) as n`;

const rows = `
  insert into public."User" select md5('u' || n)::uuid, 'u' || n || '@mail.example' from generate_series(0, 2) as n;
  insert into public."Chat" select md5('c' || n)::uuid, now(), 'Chat', md5('u' || n % 3)::uuid from generate_series(0, 4) as n;
  ${insert(1, 60)};
  insert into public."Vote_v2" select md5('c' || n % 5)::uuid, md5('m' || n)::uuid, n % 3 > 0 from generate_series(1, 60, 4) as n`;

const views = `
  create view public.chat_metrics_messages as
  select m."id" as conversation_id, m."chatId" as session_id, c."userId" as user_id, m."role" as role, m."createdAt" as created_at,
    (select string_agg(part ->> 'text', '') from json_array_elements(m."parts") as part where part ->> 'type' = 'text') as message
  from public."Message_v2" as m join public."Chat" as c on c."id" = m."chatId";
  create view public.chat_metrics_leads as
  select c."id" as lead_id, c."id" as session_id, u."email" as email, c."createdAt" as created_at
  from public."Chat" as c join public."User" as u on u."id" = c."userId";
  create view public.chat_metrics_feedback as
  select v."chatId" || '/' || v."messageId" as feedback_id, v."messageId" as conversation_id, case when v."isUpvoted" then 5 else 1 end as rating
  from public."Vote_v2" as v`;

const oracle = `
  with said as (
    select m.*, length(text) as length, m."role" = 'user' as asked, m."role" = 'assistant' as answered
    from public."Message_v2" as m
    cross join lateral (
      select string_agg(p.value ->> 'text', '' order by p.ordinality) filter (where p.value ->> 'type' = 'text') as text
      from json_array_elements(m."parts") with ordinality as p
    ) as parts
  ),
  timed as (
    select *, coalesce(length, 0) > 0 and asked as is_question, coalesce(length, 0) > 0 and answered as is_answer,
      lead(answered and coalesce(length, 0) > 0) over w as is_answered, lead("createdAt") over w - "createdAt" as waited
    from said window w as (partition by "chatId" order by "createdAt", "id")
  )
  select c."id"::text as session_id, c."userId"::text as user_id, (array_agg(t."id"::text order by t."createdAt", t."id"))[1] as conversation_id,
    count(*) filter (where is_question) as user_messages, count(*) filter (where is_answer) as ai_messages,
    coalesce(sum(ceil(length / 4.0)) filter (where asked), 0) as prompt_tokens,
    coalesce(sum(ceil(length / 4.0)) filter (where answered), 0) as completion_tokens,
    min(t."createdAt") at time zone 'UTC' as conversation_start, max(t."createdAt") at time zone 'UTC' as conversation_end,
    count(*) filter (where is_question and is_answered) as response_count,
    coalesce(sum(extract(epoch from waited) * 1000000) filter (where is_question and is_answered), 0)::bigint as response_us_sum,
    count(*) as message_rows, true as has_lead, u."email" as lead_email,
    (select count(*) from public."Vote_v2" as v where v."messageId" in (select "id" from timed as o where o."chatId" = c."id")) as rating_count,
    (select coalesce(sum(case when "isUpvoted" then 5 else 1 end), 0) from public."Vote_v2" as v
      where v."messageId" in (select "id" from timed as o where o."chatId" = c."id")) as rating_sum
  from timed as t join public."Chat" as c on c."id" = t."chatId" join public."User" as u on u."id" = c."userId"
  group by c."id", u."id"`;

const texted = (text: string) => `json_build_array(json_build_object('type', 'text', 'text', '${text}'))`;

describeShape("quoted names, json parts, composite votes (Vercel AI chatbot)", {
  source: "chatbot",
  ...{ tables, rows, views, oracle },
  attach: `'public.chat_metrics_messages', leads => 'public.chat_metrics_leads', feedback => 'public.chat_metrics_feedback', keys => '{
    "feedback": {"table": "public.\\"Vote_v2\\"", "key": "source.\\"chatId\\" || ''/'' || source.\\"messageId\\""}}'`,
  writes: {
    "one message is counted": insert(102, 102),
    "three messages at once are counted": insert(111, 113),
    "two hundred messages at once are counted": insert(200, 399),
    "changed parts are counted": `update public."Message_v2" set "parts" = ${texted("Another text")} where "id" = md5('m3')::uuid`,
    "many changed parts are counted": `update public."Message_v2" set "parts" = ${texted("The same longer text in every message")}`,
    "a message without any text is no message of its session": `update public."Message_v2" set "parts" = '[]' where "id" = md5('m4')::uuid`,
    "a vote is turned by an upsert, another is new, another goes": [
      `insert into public."Vote_v2" values (md5('c1')::uuid, md5('m1')::uuid, false) on conflict ("chatId", "messageId")
        do update set "isUpvoted" = not "Vote_v2"."isUpvoted"`,
      `insert into public."Vote_v2" values (md5('c2')::uuid, md5('m2')::uuid, true)`,
      `delete from public."Vote_v2" where "messageId" = md5('m5')::uuid`,
    ],
    "a user's new e-mail is the lead's of all chats": `update public."User" set "email" = 'new@mail.example' where "id" = md5('u1')::uuid`,
    "a chat that is given away has another user and lead": `update public."Chat" set "userId" = md5('u2')::uuid where "id" = md5('c0')::uuid`,
    "deleted messages are taken away with their votes": `delete from public."Message_v2" where "id" in (md5('m1')::uuid, md5('m9')::uuid)`,
    "a user deleted with all chats by cascades leaves": `delete from public."User" where "id" = md5('u0')::uuid`,
    "emptied, nothing is left": `truncate public."Message_v2" cascade`,
  },
});
