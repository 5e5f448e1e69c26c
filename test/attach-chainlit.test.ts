import { describeShape } from "./support/attached/shape.ts";

// After Chainlit: steps that are upserted, empty at first and completed later, quoted names, times as ISO
// texts, a thread that may come after its steps, thumbs as 0 and 1.
const tables = `
  create schema chainlit;
  create table chainlit.users ("id" uuid primary key, "identifier" text not null unique, "metadata" jsonb not null default '{}');
  create table chainlit.threads ("id" uuid primary key, "createdAt" text, "name" text, "userId" uuid references chainlit.users on delete cascade,
    "metadata" jsonb);
  create index on chainlit.threads ("userId");
  create table chainlit.steps ("id" uuid primary key, "threadId" uuid not null, "type" text not null, "streaming" boolean not null,
    "output" text, "createdAt" text, "start" text, "end" text);
  create index on chainlit.steps ("threadId");
  create table chainlit.feedbacks ("id" uuid primary key, "forId" uuid not null, "threadId" uuid not null, "value" integer not null, "comment" text)`;

const at = (n: string) => `to_char(timestamp '2025-03-01' + ${n} * interval '11 s', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')`;
const step = (n: string) => `md5('s' || ${n})::uuid, md5('t' || ${n} % 6)::uuid,
  (array['user_message', 'assistant_message', 'run', 'tool'])[1 + ${n} / 6 % 4], ${n} % 13 = 0, 'Text ' || ${n}, ${at(n)}`;
const insert = (from: number, to: number) => `
  insert into chainlit.steps ("id", "threadId", "type", "streaming", "output", "createdAt") select ${step("n")} from generate_series(${from}, ${to}) as n`;

// What the data layer sends for each change of a step.
const upsert = (id: string, type: string, streaming: boolean, output: string) => `
  insert into chainlit.steps ("id", "threadId", "type", "streaming", "output", "createdAt")
  values (md5('${id}')::uuid, md5('t1')::uuid, '${type}', ${streaming}, '${output}', '2025-04-01T10:00:00.500Z')
  on conflict ("id") do update set "streaming" = excluded."streaming", "output" = excluded."output"`;

const rows = `
  insert into chainlit.users select md5('u' || n)::uuid, 'user' || n, jsonb_build_object('team', 'team' || n % 2) from generate_series(0, 2) as n;
  insert into chainlit.threads ("id", "userId") select md5('t' || n)::uuid, case when n > 1 then md5('u' || n % 3)::uuid end from generate_series(0, 4) as n;
  ${insert(1, 80)};
  insert into chainlit.feedbacks select md5('f' || n)::uuid, md5('s' || n)::uuid, md5('t' || n % 6)::uuid, n % 2 from generate_series(1, 40, 3) as n`;

const views = `
  create view chainlit.metrics_messages as
  select s."id" as conversation_id, s."threadId" as session_id, u."metadata" ->> 'team' as organization_id, u."identifier" as user_id,
    case s."type" when 'user_message' then 'user' else 'assistant' end as role, s."output" as message, s."createdAt"::timestamptz as created_at
  from chainlit.steps s
  left join chainlit.threads t on t."id" = s."threadId"
  left join chainlit.users u on u."id" = t."userId"
  where s."type" in ('user_message', 'assistant_message') and not s."streaming";
  create view chainlit.metrics_feedback as
  select "id" as feedback_id, "forId" as conversation_id, case "value" when 1 then 5 when 0 then 1 end as rating from chainlit.feedbacks`;

const oracle = `
  with said as (
    select s.*, u."identifier" as person, u."metadata" ->> 'team' as team, s."createdAt"::timestamptz as at,
      s."type" = 'user_message' and coalesce(s."output", '') <> '' as asked,
      s."type" = 'assistant_message' and coalesce(s."output", '') <> '' as answered
    from chainlit.steps s left join (chainlit.threads t join chainlit.users u on u."id" = t."userId") on t."id" = s."threadId"
    where s."type" like '%\\_message' and not s."streaming"
  ),
  timed as (
    select *, lead(answered) over w as is_answered, lead(at) over w - at as waited
    from said window w as (partition by "threadId" order by at, "id")
  )
  select team as organization_id, "threadId"::text as session_id, person as user_id,
    (array_agg("id"::text order by at, "id"))[1] as conversation_id,
    count(*) filter (where asked) as user_messages, count(*) filter (where answered) as ai_messages,
    coalesce(sum(ceil(length("output") / 4.0)) filter (where asked), 0) as prompt_tokens,
    coalesce(sum(ceil(length("output") / 4.0)) filter (where answered), 0) as completion_tokens,
    min(at) as conversation_start, max(at) as conversation_end,
    count(*) filter (where asked and is_answered) as response_count,
    coalesce(sum(extract(epoch from waited) * 1000000) filter (where asked and is_answered), 0)::bigint as response_us_sum,
    count(*) as message_rows,
    (select count(*) from chainlit.feedbacks f where f."forId" in (select o."id" from timed o where o."threadId" = m."threadId")) as rating_count,
    (select coalesce(sum(1 + 4 * f."value"), 0) from chainlit.feedbacks f
      where f."forId" in (select o."id" from timed o where o."threadId" = m."threadId")) as rating_sum
  from timed m group by team, "threadId", person`;

describeShape("upserted steps that are completed later, quoted names (Chainlit)", {
  source: "chainlit",
  ...{ tables, rows, views, oracle },
  attach: `'chainlit.metrics_messages', feedback => 'chainlit.metrics_feedback', parents => '{
    "chainlit.threads": "select s.\\"id\\" from changed join chainlit.steps s on s.\\"threadId\\" = changed.\\"id\\"",
    "chainlit.users": "select s.\\"id\\" from changed join chainlit.threads t on t.\\"userId\\" = changed.\\"id\\" join chainlit.steps s on s.\\"threadId\\" = t.\\"id\\""}'`,
  writes: {
    "one step is counted": insert(102, 102),
    "four steps at once are counted": insert(120, 126),
    "three hundred steps at once are counted": insert(200, 499),
    "a placeholder that is completed by upserts counts when it is complete": [
      upsert("new", "assistant_message", true, ""),
      upsert("new", "assistant_message", true, "The beginning"),
      upsert("new", "assistant_message", false, "The beginning and the end"),
    ],
    "an upsert of the same again changes nothing more": [
      upsert("again", "user_message", false, "Question"),
      upsert("again", "user_message", false, "Question"),
    ],
    "an upsert of known and new steps at once is counted": `
      insert into chainlit.steps ("id", "threadId", "type", "streaming", "output", "createdAt")
      select ${step("n")} from generate_series(70, 120) as n on conflict ("id") do update set "output" = excluded."output" || ' again'`,
    "a thread that arrives after its steps gives them their tenant and user": `insert into chainlit.threads ("id", "userId") values (md5('t5')::uuid, md5('u1')::uuid)`,
    "a thread that gets its user later takes its steps along": `update chainlit.threads set "userId" = md5('u0')::uuid where "userId" is null`,
    "a user who changes the team takes all threads along": `update chainlit.users set "metadata" = '{"team": "other"}', "identifier" = 'renamed' where "identifier" = 'user2'`,
    "thumbs are counted, changed and taken back": [
      `insert into chainlit.feedbacks values (md5('f200')::uuid, md5('s2')::uuid, md5('t2')::uuid, 1)`,
      `update chainlit.feedbacks set "value" = 1 - "value"`,
      `delete from chainlit.feedbacks where "id" = md5('f4')::uuid`,
    ],
    "a step that turns out to be a tool's leaves": `update chainlit.steps set "type" = 'tool' where "id" = md5('s1')::uuid`,
    "a deleted step is taken away": `delete from chainlit.steps where "id" = md5('s2')::uuid`,
    "a thread that goes, its steps left behind, leaves them without tenant": `delete from chainlit.threads where "id" = md5('t3')::uuid`,
    "emptied, nothing is left": "truncate chainlit.steps",
  },
});
