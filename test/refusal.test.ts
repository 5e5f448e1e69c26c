import { describe, expect } from "vitest";
import type { Sql } from "../src/database.ts";
import { UserError } from "../src/errors.ts";
import { migrate } from "../src/migrate.ts";
import { test } from "./support/database.ts";
import { expectNoDrift, metricsOf } from "./support/oracle.ts";
import { sourceTables } from "./support/sources.ts";

/** Every object of the database, to see that nothing was made or changed. */
const objectsOf = (db: Sql) => db`
  select 'relation' as kind, c.oid::regclass::text as name from pg_class as c
  where c.relnamespace::regnamespace::text !~ '^(pg_|information_schema)'
  union all
  select 'function', p.oid::regprocedure::text from pg_proc as p
  where p.pronamespace::regnamespace::text !~ '^(pg_|information_schema)'
  union all
  select 'schema', nspname from pg_namespace where nspname !~ '^pg_'
  order by 1, 2`;

describe("a table that cannot be adopted", () => {
  const rest = "session_id text, message text, created_at timestamptz";
  test.for([
    [
      "conversations",
      "session_id",
      "create table conversations (id bigint primary key, message text, created_at timestamptz)",
    ],
    ["conversations", "id", `create table conversations (number bigint primary key, ${rest})`],
    [
      "conversations",
      "created_at",
      "create table conversations (id bigint primary key, session_id text, message text)",
    ],
    [
      "conversations",
      "message",
      "create table conversations (id bigint primary key, session_id text, created_at timestamptz)",
    ],
    ["conversations", "id", `create table conversations (id bigint, ${rest})`],
    [
      "conversations",
      "table",
      `create view conversations as select 1::bigint as id, 's'::text as session_id, 'm'::text as message, now() as created_at`,
    ],
    ["leads", "session_id", `${sourceTables}; alter table leads drop column session_id`],
    ["leads", "id", `${sourceTables}; alter table leads drop column id`],
    ["feedback", "rating", `${sourceTables}; alter table feedback drop column rating`],
    [
      "feedback",
      "session_id",
      `${sourceTables}; alter table feedback drop column session_id, drop column conversation_id`,
    ],
  ] as const)(
    "(%s, for its %s) is named with what is missing and what to do, and nothing is changed",
    async ([table, missing, tables], { bareDb, bareUrl }) => {
      await bareDb.unsafe(tables);
      const before = await objectsOf(bareDb);

      const error: unknown = await migrate({ databaseUrl: bareUrl }).catch((reason: unknown) => reason);

      expect(error).toBeInstanceOf(UserError);
      expect(error).toMatchObject({
        message: expect.stringMatching(`${table}\\b.*\\b${missing}`),
        hint: expect.stringMatching(/\w/),
      });
      expect([...(await objectsOf(bareDb))]).toEqual([...before]);
    },
  );
});

describe("a column that cannot be read", () => {
  const refused = async (set: string, { bareDb, bareUrl }: { bareDb: Sql; bareUrl: string }) => {
    await bareDb.unsafe(set);
    const before = await objectsOf(bareDb);
    const error: unknown = await migrate({ databaseUrl: bareUrl }).catch((reason: unknown) => reason);
    expect([...(await objectsOf(bareDb))]).toEqual([...before]);
    expect(error).toBeInstanceOf(UserError);
    return error;
  };

  const types = `
    create type pair as (a text, b text);
    create domain reading as double precision;
    create collation loose (provider = icu, locale = 'und-u-ks-level1', deterministic = false)`;
  const columns = "id bigint primary key, session_id text, message text, created_at timestamptz";
  test.for([
    ["conversations", "session_id", "double precision", "drop column session_id, add column session_id float8"],
    ["conversations", "session_id", "timestamp", "drop column session_id, add column session_id timestamptz"],
    ["conversations", "session_id", "reading", "drop column session_id, add column session_id reading"],
    ["conversations", "session_id", "pair", "drop column session_id, add column session_id pair"],
    ["conversations", "session_id", "collation", "alter column session_id type text collate loose"],
    ["conversations", "organization_id", "int4range", "add column organization_id int4range"],
    ["conversations", "id", "timestamp", "drop column id, add column id timestamp primary key"],
    ["conversations", "id", "collation", "alter column id type text collate loose"],
    ["conversations", "widget_id", "json", "add column widget_id json"],
    ["conversations", "user_id", "xml", "add column user_id xml"],
    ["conversations", "responded_at", "text", "add column responded_at text"],
    ["conversations", "prompt_tokens", "boolean", "add column prompt_tokens boolean"],
    ["leads", "session_id", "real", "alter column session_id type real using 1"],
    ["feedback", "conversation_id", "uuid", "add column conversation_id uuid"],
  ] as const)(
    "(%s.%s, for its %s) is named, and nothing is changed",
    async ([table, column, type, change], { bareDb, bareUrl }) => {
      const tables = [
        "leads (id bigint primary key, session_id text)",
        "feedback (id bigint primary key, session_id text, rating integer)",
      ];
      const set = `${types}; ${[`conversations (${columns})`, ...tables].map((t) => `create table ${t}`).join("; ")}; alter table ${table} ${change}`;

      expect(await refused(set, { bareDb, bareUrl })).toMatchObject({
        message: expect.stringMatching(`${table}\\b.*\\b${column}\\b.*\\b${type}`),
        hint: expect.stringMatching(/\w/),
      });
    },
  );

  test.for([
    [
      "conversations",
      "message",
      `conversations (id bigint primary key, session_id text, created_at timestamptz, body jsonb, message text generated always as (body->>'m') virtual)`,
    ],
    [
      "leads",
      "name",
      "leads (id bigint primary key, session_id text, first text, name text generated always as (first || '!') virtual)",
    ],
    [
      "feedback",
      "rating",
      "feedback (id bigint primary key, session_id text, stars integer, rating integer generated always as (stars + 1) virtual)",
    ],
  ] as const)(
    "since it is generated, but not stored (%s.%s), is named with what to do",
    async ([table, column, definition], { bareDb, bareUrl, skip }) => {
      const [row] = await bareDb<
        [{ version: number }]
      >`select current_setting('server_version_num')::integer as version`;
      if (row.version < 180000) return skip();

      expect(await refused(`create table ${definition}`, { bareDb, bareUrl })).toMatchObject({
        message: expect.stringMatching(`${table}\\b.*\\b${column}\\b.*generated`),
        hint: expect.stringContaining("stored"),
      });
    },
  );
});

describe("ids that repeat", () => {
  test.for([
    [
      "in partitions by another column",
      `create table conversations (id bigint, organization_id integer, session_id text, message text, created_at timestamptz, primary key (id, organization_id)) partition by list (organization_id);
       create table north partition of conversations for values in (1); create table south partition of conversations for values in (2);
       insert into conversations values (1, 1, 's', 'hi', now()), (1, 2, 's', 'hi', now())`,
    ],
    [
      "in a table that inherits",
      `create table conversations (id bigint primary key, session_id text, message text, created_at timestamptz);
       create table archived () inherits (conversations);
       insert into conversations values (1, 's', 'hi', now()); insert into archived values (1, 's', 'hi', now())`,
    ],
  ] as const)(
    "%s are refused, and found by doctor when they come later",
    async ([, tables], { bareDb: db, bareUrl }) => {
      await db.unsafe(tables);

      await expect(migrate({ databaseUrl: bareUrl })).rejects.toMatchObject({
        message: expect.stringMatching(/conversations.*id repeats/),
        hint: expect.stringContaining("having count(*) > 1"),
      });
      await db`delete from conversations where tableoid = (select max(tableoid) from conversations)`;
      await migrate({ databaseUrl: bareUrl });
      const check = db`select ok, finding from metrics.doctor() where check_name = 'ids'`;
      expect([...(await check)]).toEqual([{ ok: true, finding: "each names one row" }]);

      await db.unsafe(tables.slice(tables.lastIndexOf(";") + 1).replace("(1, 1, 's', 'hi', now()), ", ""));

      const later = await db`select ok, finding from metrics.doctor() where check_name = 'ids'`;
      expect([...later]).toEqual([{ ok: false, finding: expect.stringContaining("1 in public.conversations") }]);
    },
  );
});

test("an unlogged table is refused, since a crash empties it", async ({ bareDb, bareUrl }) => {
  await bareDb`create unlogged table conversations (id bigint primary key, session_id text, message text, created_at timestamptz)`;

  await expect(migrate({ databaseUrl: bareUrl })).rejects.toMatchObject({
    message: expect.stringMatching(/conversations.*unlogged/),
    hint: expect.stringContaining("set logged"),
  });
});

describe("a conversation_metrics that is not ours", () => {
  const theirs = [
    [
      "table",
      "create table conversation_metrics (id serial primary key, session_id text, total integer); insert into conversation_metrics (session_id, total) values ('s', 7)",
    ],
    ["view", "create view conversation_metrics as select 's'::text as session_id, 7 as total"],
    [
      "materialized view",
      "create materialized view conversation_metrics as select 's'::text as session_id, 7 as total",
    ],
  ] as const;

  test.for(theirs)("(a %s) is not touched unasked, and the error offers how", async ([, set], { bareDb, bareUrl }) => {
    await bareDb.unsafe(set);
    const before = await objectsOf(bareDb);

    const error: unknown = await migrate({ databaseUrl: bareUrl }).catch((reason: unknown) => reason);

    expect(error).toBeInstanceOf(UserError);
    expect(error).toMatchObject({
      message: expect.stringContaining("conversation_metrics"),
      hint: expect.stringContaining("migrate --replace-existing"),
    });
    expect([...(await objectsOf(bareDb))]).toEqual([...before]);
    expect([...(await bareDb`select session_id, total from conversation_metrics`)]).toEqual([
      { session_id: "s", total: 7 },
    ]);
  });

  test.for(theirs)(
    "(a %s) is renamed when asked, keeps its rows, and its new name is told",
    async ([, set], { bareDb, bareUrl }) => {
      await bareDb.unsafe(set);
      const notices: string[] = [];

      await migrate({ databaseUrl: bareUrl, replaceExisting: true, onNotice: (notice) => notices.push(notice) });

      const renamed = /conversation_metrics_\w+/.exec(notices.join("\n"))?.[0] ?? "no name was told";
      expect([...(await bareDb`select session_id, total from ${bareDb(renamed)}`)]).toEqual([
        { session_id: "s", total: 7 },
      ]);
      await bareDb`insert into conversations (session_id, message) values ('s', 'hi')`;
      expect(await metricsOf(bareDb)).toMatchObject([{ session_id: "s", user_messages: 1 }]);
      await expectNoDrift(bareDb);
    },
  );

  test("a schema named metrics with tables of the application's own is not touched", async ({ bareDb, bareUrl }) => {
    await bareDb.unsafe(
      "create schema metrics; create table metrics.messages (id serial primary key, text text); insert into metrics.messages (text) values ('mine')",
    );
    const before = await objectsOf(bareDb);

    const error: unknown = await migrate({ databaseUrl: bareUrl }).catch((reason: unknown) => reason);

    expect(error).toBeInstanceOf(UserError);
    expect(error).toMatchObject({ message: expect.stringContaining("metrics"), hint: expect.stringMatching(/\w/) });
    expect([...(await objectsOf(bareDb))]).toEqual([...before]);
  });
});
