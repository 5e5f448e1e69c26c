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
