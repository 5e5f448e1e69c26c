/** An application that was there before us: its tables, and how its keys follow from a number n. */
export type Application = {
  title: string;
  tables: string;
  /** SQL expressions over n. */
  id: string;
  organization?: string;
  session: string;
  /** Columns of conversations beside id, organization and session, with expressions over n. */
  message: Record<string, string>;
  lead: Record<string, string>;
  rating: Record<string, string>;
  /** Types that the metrics must take over: session_id, organization_id, conversation_id. */
  types: [string, string, string];
};

const texts = { message: "repeat('m', n % 9)", response: "case when n % 2 = 0 then repeat('r', n % 7) end" };
const time = { created_at: "timestamptz '2025-03-01' + n % 9 * interval '1 s'" };

export const applications: Application[] = [
  {
    title: "integer ids, varchar sessions, no model and no responded_at",
    tables: `
      create table public.conversations (id serial primary key, organization_id integer, session_id varchar(100) not null,
        widget_id integer, user_id integer, message text not null, response text, created_at timestamptz default now());
      create table public.leads (id serial primary key, organization_id integer, session_id varchar(100), name varchar(200),
        email varchar(200), phone varchar(50), created_at timestamptz default now());
      create table public.feedback (id serial primary key, conversation_id integer references public.conversations on delete cascade,
        rating integer, created_at timestamptz default now())`,
    id: "n",
    organization: "nullif(n % 3, 0)",
    session: "'s' || n % 7",
    message: { ...texts, ...time, widget_id: "n % 4", user_id: "n % 5" },
    lead: { name: "'Lead ' || n", email: "n || '@lead.example'", ...time },
    rating: { rating: "1 + n % 5" },
    types: ["character varying(100)", "integer", "integer"],
  },
  {
    title: "uuid everywhere",
    tables: `
      create table public.conversations (id uuid primary key default gen_random_uuid(), organization_id uuid, session_id uuid not null,
        user_id uuid, role text, message text, response text, created_at timestamptz not null default now(), responded_at timestamptz);
      create table public.leads (id uuid primary key default gen_random_uuid(), organization_id uuid, session_id uuid, name text,
        email text, company text, created_at timestamptz not null default now());
      create table public.feedback (id uuid primary key default gen_random_uuid(), conversation_id uuid references public.conversations on delete cascade,
        session_id uuid, organization_id uuid, rating smallint)`,
    id: "md5('id' || n)::uuid",
    organization: "case when n % 3 > 0 then md5('organization' || n % 3)::uuid end",
    session: "md5('session' || n % 7)::uuid",
    message: {
      ...texts,
      ...time,
      role: "(array[null, 'user', 'assistant'])[1 + n % 3]",
      responded_at: "timestamptz '2025-03-01 00:00:02' + n % 9 * interval '1 s'",
      user_id: "md5('user' || n % 5)::uuid",
    },
    lead: { name: "'Lead ' || n", company: "'C' || n", ...time },
    rating: { rating: "1 + n % 5" },
    types: ["uuid", "uuid", "uuid"],
  },
  {
    title: "text ids of no order in time",
    tables: `
      create table public.conversations (id text primary key, organization_id text, session_id text, widget_id text,
        user_id text, role text, message text, created_at timestamptz, prompt_tokens bigint, completion_tokens bigint);
      create table public.leads (id text primary key, organization_id text, session_id text, name text, created_at timestamptz);
      create table public.feedback (id text primary key, conversation_id text, session_id text, organization_id text, rating numeric)`,
    id: "'msg_' || md5(n::text)",
    organization: "nullif('org_' || n % 3, 'org_0')",
    session: "'chat_' || n % 7",
    message: {
      message: texts.message,
      ...time,
      role: "(array['user', 'assistant', 'tool'])[1 + n % 3]",
      prompt_tokens: "(array[null, 5, 2147483647, 2147483648, -1])[1 + n % 5]",
      completion_tokens: "(array[null, 5, 0, 9223372036854775807])[1 + n % 4]",
      widget_id: "'w' || n % 2",
    },
    lead: { name: "'Lead ' || n", ...time },
    rating: { rating: "n % 60 / 10.0" },
    types: ["text", "text", "text"],
  },
  {
    title: "nothing but what must be there, and times without a zone",
    tables: `
      create table public.conversations (id bigint primary key, session_id text, message text, created_at timestamp);
      create table public.leads (id bigint primary key, session_id text, created_at timestamp);
      create table public.feedback (id bigint primary key, conversation_id bigint, rating integer)`,
    id: "n::bigint",
    session: "'s' || n % 7",
    message: { message: texts.message, created_at: "timestamp '2025-03-01' + n % 9 * interval '1 s'" },
    lead: { created_at: "timestamp '2025-03-01' + n % 9 * interval '1 s'" },
    rating: { rating: "1 + n % 5" },
    types: ["text", "bigint", "bigint"],
  },
  {
    title: "an enum of roles, a domain of sessions, a small integer of organizations and a generated column",
    tables: `
      create type public.speaker as enum ('user', 'assistant', 'system');
      create domain public.session_name as varchar(40) check (value <> 'forbidden');
      create table public.conversations (id bigint generated always as identity primary key, organization_id smallint not null,
        session_id public.session_name not null, role public.speaker not null default 'user', message text,
        created_at timestamptz not null default now(), length integer generated always as (char_length(message)) stored);
      create table public.leads (id bigint generated always as identity primary key, organization_id smallint, session_id public.session_name,
        name public.session_name, created_at timestamptz not null default now());
      create table public.feedback (id bigint generated always as identity primary key, conversation_id bigint, rating real)`,
    id: "n::bigint",
    organization: "(n % 3)::smallint",
    session: "'s' || n % 7",
    message: {
      message: texts.message,
      ...time,
      role: "(array['user', 'assistant', 'system'])[1 + n % 3]::public.speaker",
    },
    lead: { name: "'L' || n", ...time },
    rating: { rating: "1 + n % 5" },
    types: ["character varying", "smallint", "bigint"],
  },
];

const insert = (table: string, fields: Record<string, string>, from: number, to: number) =>
  `insert into ${table} (${Object.keys(fields).join(", ")}) overriding system value
   select ${Object.values(fields).join(", ")} from generate_series(${from}, ${to}) as n`;

/** The application's own inserts, of rows from and to a number. */
export const inserts = (app: Application, from: number, to: number): string[] => {
  const owner = { ...(app.organization ? { organization_id: app.organization } : {}), session_id: app.session };
  return [
    insert("conversations", { id: app.id, ...owner, ...app.message }, from, to),
    insert("leads", { id: app.id, ...owner, ...app.lead }, from, to),
    insert("feedback", { id: app.id, conversation_id: app.id, ...app.rating }, from, to),
  ];
};

/** Its updates and deletes, each of some rows; `all` is the number of rows that it has. */
export const changes = (app: Application, all: number): string[] => {
  const some = (every: number) =>
    `id in (select ${app.id} from generate_series(1, ${all}) as n where n % ${every} = 0)`;
  const other = `(select ${app.session} from (values (3)) as v (n))`;
  return [
    `update conversations set message = 'changed' where ${some(3)}`,
    `update conversations set session_id = ${other} where ${some(4)}`,
    `update conversations set created_at = created_at - interval '1 hour' where ${some(5)}`,
    `update leads set session_id = ${other} where ${some(6)}`,
    `update feedback set rating = 2 where ${some(2)}`,
    `delete from feedback where ${some(5)}`,
    `delete from leads where ${some(3)}`,
    `delete from conversations where ${some(7)}`,
  ];
};
