import { describe, expect } from "vitest";
import type { Sql } from "../src/database.ts";
import { UserError } from "../src/errors.ts";
import { migrate } from "../src/migrate.ts";
import { applications, changes, inserts } from "./support/applications.ts";
import { test } from "./support/database.ts";
import { migrated } from "./support/migrated.ts";
import { expectNoDrift, metricsOf } from "./support/oracle.ts";
import { sourceTables } from "./support/sources.ts";

/** Everything about the application's tables that a change of ours would show in. */
const definitionOf = (db: Sql) => db`
  select a.attrelid::regclass::text as table, a.attname, format_type(a.atttypid, a.atttypmod) as type, a.attnotnull,
    pg_get_expr(d.adbin, d.adrelid) as default
  from pg_attribute as a
  left join pg_attrdef as d on (d.adrelid, d.adnum) = (a.attrelid, a.attnum)
  where a.attrelid::regclass::text in ('conversations', 'leads', 'feedback') and a.attnum > 0
  union all
  select conrelid::regclass::text, conname, pg_get_constraintdef(oid), null, null
  from pg_constraint where conrelid::regclass::text in ('conversations', 'leads', 'feedback')
  union all
  select indrelid::regclass::text, indexrelid::regclass::text, pg_get_indexdef(indexrelid), null, null
  from pg_index where indrelid::regclass::text in ('conversations', 'leads', 'feedback')
  order by 1, 2, 3`;

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

describe("an application's own tables", () => {
  test.for(applications)(
    "with $title are adopted as they stand, full or in use",
    async (app, { bareDb: db, bareUrl }) => {
      await db.unsafe(app.tables);
      for (const statement of inserts(app, 1, 200)) await db.unsafe(statement);
      const before = await definitionOf(db);

      await migrate({ databaseUrl: bareUrl });

      expect([...(await definitionOf(db))]).toEqual([...before]);
      await expectNoDrift(db, "after the backfill");
      for (const statement of [...inserts(app, 201, 260), ...changes(app, 260)]) {
        await db.unsafe(statement);
        await expectNoDrift(db, statement);
      }
      expect((await metricsOf(db)).length).toBeGreaterThan(0);
    },
  );

  test.for(applications)("with $title give their types to the metrics", async (app, { bareDb, bareUrl }) => {
    const db = await migrated({ bareDb, bareUrl }, app.tables);

    const types = await db<{ type: string }[]>`
      select format_type(a.atttypid, a.atttypmod) as type
      from unnest(array['session_id', 'organization_id', 'conversation_id']) with ordinality as wanted (name, place)
      join pg_attribute as a on a.attrelid = 'conversation_metrics'::regclass and a.attname = wanted.name
      order by wanted.place`;

    // a length limits what the source takes; what it took fits into the type without one
    expect(types.map(({ type }) => type.replace(/\(\d+\)/, ""))).toEqual(
      app.types.map((type) => type.replace(/\(\d+\)/, "")),
    );
  });

  test("in the time zone of any writer, times without a zone count the same", async ({
    bareDb,
    bareUrl,
    bareConnect,
  }) => {
    const db = await migrated(
      { bareDb, bareUrl },
      "create table conversations (id bigint primary key, session_id text, message text, created_at timestamp)",
    );
    const abroad = bareConnect({ max: 1 });
    await abroad`set timezone = 'Asia/Tokyo'`;

    await abroad`insert into conversations values (1, 's', 'hi', '2025-03-01 10:00:00'), (2, 's', 'hi', '2025-03-01 11:00:00')`;
    await db`insert into conversations values (3, 's', 'hi', '2025-03-01 12:00:00')`;
    await abroad`update conversations set message = 'changed' where id = 3`;

    expect(await metricsOf(db)).toMatchObject([{ conversation_duration: 7200 }]);
    expect([...(await abroad`select * from conversation_metrics_drift`)]).toEqual([]);
    expect([...(await db`select * from conversation_metrics_drift`)]).toEqual([]);
  });

  test("where some are missing, the others are adopted and the missing ones made", async ({ bareDb, bareUrl }) => {
    const db = await migrated(
      { bareDb, bareUrl },
      `create table conversations (id integer primary key, session_id varchar(20), message text, created_at timestamptz);
       insert into conversations values (1, 's', 'hi', '2025-03-01')`,
    );

    await db`insert into leads (session_id, name) values ('s', 'Ann')`;
    await db`insert into feedback (conversation_id, rating) values (1, 5)`;

    expect(await metricsOf(db)).toMatchObject([{ session_id: "s", lead_name: "Ann", rating_count: 1 }]);
    await expectNoDrift(db);
  });
});

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
