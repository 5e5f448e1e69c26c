import { describeShape } from "./support/attached/shape.ts";

// After Chatwoot: one row a message with an integer role (0 incoming, 1 outgoing, 2 activity), private notes,
// the tenant on the row, contacts that are a conversation's person, surveys with 1 to 5.
const tables = `
  create schema chatwoot;
  create table chatwoot.contacts (id serial primary key, name varchar, email varchar, account_id integer not null,
    additional_attributes jsonb default '{}');
  create table chatwoot.conversations (id serial primary key, account_id integer not null, inbox_id integer not null,
    contact_id bigint references chatwoot.contacts on delete set null, status integer not null default 0,
    created_at timestamp(6) not null default now());
  create index on chatwoot.conversations (contact_id);
  create table chatwoot.messages (id serial primary key, content text, account_id integer not null, inbox_id integer not null,
    conversation_id integer not null references chatwoot.conversations on delete cascade, message_type integer not null,
    private boolean not null default false, created_at timestamp(6) not null default now());
  create index on chatwoot.messages (conversation_id);
  create table chatwoot.csat_survey_responses (id bigserial primary key, account_id bigint not null,
    conversation_id bigint not null references chatwoot.conversations on delete cascade, rating integer not null)`;

const message = (n: string) =>
  `'Message ' || ${n}, ${n} % 2, 1, 1 + ${n} % 8, ${n} / 3 % 3, ${n} % 11 = 0, timestamp '2025-03-01' + ${n} * interval '7 s'`;
const columns = "(content, account_id, inbox_id, conversation_id, message_type, private, created_at)";
const insert = (from: number, to: number) =>
  `insert into chatwoot.messages ${columns} select ${message("n")} from generate_series(${from}, ${to}) as n`;

const rows = `
  insert into chatwoot.contacts (name, email, account_id, additional_attributes)
    select 'Contact ' || n, case when n % 2 = 0 then 'c' || n || '@mail.example' end, n % 2, jsonb_build_object('company_name', 'C' || n)
    from generate_series(1, 4) as n;
  insert into chatwoot.conversations (account_id, inbox_id, contact_id)
    select (n - 1) % 2, 1, case when n < 8 then 1 + n % 4 end from generate_series(1, 9) as n;
  ${insert(1, 90)};
  insert into chatwoot.csat_survey_responses (account_id, conversation_id, rating) select (n - 1) % 2, n, 1 + n % 5 from generate_series(1, 5) as n`;

const views = `
  create view chatwoot.metrics_messages as
  select m.id as conversation_id, m.conversation_id as session_id, m.account_id as organization_id, m.inbox_id as widget_id,
    c.contact_id as user_id, case m.message_type when 0 then 'user' when 1 then 'assistant' end as role, m.content as message, m.created_at
  from chatwoot.messages m join chatwoot.conversations c on c.id = m.conversation_id
  where not m.private and m.message_type in (0, 1);
  create view chatwoot.metrics_leads as
  select c.id as lead_id, c.id as session_id, c.account_id as organization_id, p.name, p.email,
    p.additional_attributes ->> 'company_name' as company, c.created_at
  from chatwoot.conversations c join chatwoot.contacts p on p.id = c.contact_id
  where p.email is not null;
  create view chatwoot.metrics_feedback as
  select id as feedback_id, conversation_id as session_id, account_id as organization_id, rating from chatwoot.csat_survey_responses`;

const oracle = `
  with said as (
    select m.*, m.message_type = 0 and m.content <> '' as asked, m.message_type = 1 and m.content <> '' as answered
    from chatwoot.messages m where not m.private and m.message_type <= 1
  ),
  timed as (
    select *, lead(answered) over w as is_answered, lead(created_at) over w - created_at as waited
    from said window w as (partition by account_id, conversation_id order by created_at, id)
  )
  select t.account_id::text as organization_id, t.conversation_id::text as session_id, min(t.id)::text as conversation_id,
    min(t.inbox_id)::text as widget_id, c.contact_id::text as user_id,
    count(*) filter (where asked) as user_messages, count(*) filter (where answered) as ai_messages,
    coalesce(sum(ceil(length(content) / 4.0)) filter (where asked), 0) as prompt_tokens,
    coalesce(sum(ceil(length(content) / 4.0)) filter (where answered), 0) as completion_tokens,
    min(t.created_at) at time zone 'UTC' as conversation_start, max(t.created_at) at time zone 'UTC' as conversation_end,
    count(*) filter (where asked and is_answered) as response_count,
    coalesce(sum(extract(epoch from waited) * 1000000) filter (where asked and is_answered), 0)::bigint as response_us_sum,
    count(*) as message_rows,
    p.email is not null as has_lead, case when p.email is not null then p.name end as lead_name, p.email as lead_email,
    case when p.email is not null then p.additional_attributes ->> 'company_name' end as lead_company,
    (select count(*) from chatwoot.csat_survey_responses r where r.conversation_id = c.id and r.account_id = t.account_id) as rating_count,
    coalesce((select sum(rating) from chatwoot.csat_survey_responses r where r.conversation_id = c.id and r.account_id = t.account_id), 0) as rating_sum
  from timed t
  join chatwoot.conversations c on c.id = t.conversation_id
  left join chatwoot.contacts p on p.id = c.contact_id and c.account_id = t.account_id
  group by t.account_id, t.conversation_id, c.id, p.id`;

describeShape("messages with integer roles, leads by person (Chatwoot)", {
  source: "chatwoot",
  ...{ tables, rows, views, oracle },
  attach: "'chatwoot.metrics_messages', leads => 'chatwoot.metrics_leads', feedback => 'chatwoot.metrics_feedback'",
  writes: {
    "one message is counted": insert(103, 103),
    "a first message opens its session": `
      insert into chatwoot.conversations (account_id, inbox_id, contact_id) values (1, 2, 2);
      insert into chatwoot.messages (content, account_id, inbox_id, conversation_id, message_type)
        select 'Hi', 1, 2, max(id), 0 from chatwoot.conversations`,
    "five messages at once are counted": insert(111, 115),
    "three hundred messages at once are counted": insert(200, 499),
    "an answer in a later statement gives the response time": [
      `insert into chatwoot.messages ${columns} values ('Where?', 0, 1, 1, 0, false, '2025-04-01 10:00:00')`,
      `insert into chatwoot.messages ${columns} values ('Here.', 0, 1, 1, 1, false, '2025-04-01 10:00:09')`,
    ],
    "a message made private leaves": "update chatwoot.messages set private = true where id = 1",
    "many notes that become public are counted": "update chatwoot.messages set private = false",
    "a changed text is counted anew":
      "update chatwoot.messages set content = content || ' and more of it' where id in (2, 3)",
    "a contact's e-mail that is filled in later makes a lead of every conversation with it":
      "update chatwoot.contacts set email = 'late@mail.example' where email is null",
    "a contact who is forgotten leaves no lead": "delete from chatwoot.contacts where id = 2",
    "a conversation that gets its contact later has its lead":
      "update chatwoot.conversations set contact_id = 4 where contact_id is null",
    "a rating, its change and its removal are counted": [
      "insert into chatwoot.csat_survey_responses (account_id, conversation_id, rating) values (1, 8, 5)",
      "update chatwoot.csat_survey_responses set rating = 1 where conversation_id = 2",
      "delete from chatwoot.csat_survey_responses where conversation_id = 1",
    ],
    "a deleted message is taken away": "delete from chatwoot.messages where id = 2",
    "many deleted messages are taken away": "delete from chatwoot.messages where id % 3 = 0",
    "a conversation deleted by a cascade leaves with messages, lead and ratings":
      "delete from chatwoot.conversations where id = 3",
    "emptied, nothing is left": "truncate chatwoot.conversations cascade",
  },
});
