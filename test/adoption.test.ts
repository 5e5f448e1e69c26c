import { describe, expect } from "vitest";
import type { Sql } from "../src/database.ts";
import { migrate } from "../src/migrate.ts";
import { applications, changes, inserts } from "./support/applications.ts";
import { test } from "./support/database.ts";
import { migrated } from "./support/migrated.ts";
import { expectNoDrift, metricsOf } from "./support/oracle.ts";

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

  test("with wider types take tokens up to the largest integer, and ratings between the whole numbers", async ({
    bareDb,
    bareUrl,
  }) => {
    const db = await migrated(
      { bareDb, bareUrl },
      `create table conversations (id bigint primary key, session_id text, message text, response text, created_at timestamptz,
         prompt_tokens bigint, completion_tokens bigint);
       create table feedback (id bigint primary key, session_id text, rating numeric)`,
    );

    await db`insert into conversations values (1, 's', 'abcd', 'abcd', '2025-03-01', 2147483648, 2147483647)`;
    await db`insert into feedback values (1, 's', 4.5), (2, 's', 0.99), (3, 's', 5.01), (4, 's', 1), (5, 's', 'NaN')`;

    expect(await metricsOf(db)).toMatchObject([
      {
        prompt_tokens: 1,
        completion_tokens: 2147483647,
        estimated_messages: 1,
        rating_count: 2,
        rating_sum: 5.5,
        user_satisfaction: 2.75,
      },
    ]);
    await expectNoDrift(db);
  });

  test("with session ids that no index of theirs holds short take ids of any length", async ({ bareDb, bareUrl }) => {
    const db = await migrated(
      { bareDb, bareUrl },
      "create table conversations (id bigint primary key, session_id text, message text, created_at timestamptz)",
    );

    await db`insert into conversations
      select n, (select string_agg(md5(i::text), '') from generate_series(1, 400) as i), 'hi', now() from generate_series(1, 2) as n`;

    expect(await metricsOf(db)).toMatchObject([{ message_rows: 2 }]);
    await expectNoDrift(db);
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
    await db`truncate conversations`; // As before: nothing that was made refers to it.
    expect(await metricsOf(db)).toEqual([]);
    await expectNoDrift(db);
  });
});
