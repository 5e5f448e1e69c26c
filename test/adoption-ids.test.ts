import { describe, expect } from "vitest";
import { test } from "./support/database.ts";
import { migrated } from "./support/migrated.ts";
import { expectNoDrift, metricsOf } from "./support/oracle.ts";

const conversations = (columns: string) =>
  `create table conversations (message text, created_at timestamptz default '2025-03-01', ${columns})`;

describe("ids", () => {
  test("with a collation of their own order rows of one time as the source does", async ({ bareDb, bareUrl }) => {
    const db = await migrated(
      { bareDb, bareUrl },
      `create collation letters (provider = icu, locale = 'en');
       ${conversations("id text collate letters primary key, session_id text collate letters, widget_id text collate letters")};
       insert into conversations (id, session_id, message) values ('B', 'full', 'hi'), ('a', 'full', 'hi')`,
    );

    await db`insert into conversations (id, session_id, message) values ('D', 's', 'hi')`;
    await db`insert into conversations (id, session_id, message) values ('c', 's', 'hi')`;
    await db`insert into conversations (id, session_id, message) select 'E' || n, 't', 'hi' from generate_series(1, 70) as n`;
    await db`insert into feedback (conversation_id, rating) values ('c', 5)`;
    await db`insert into conversations (id, session_id, message) select 'd' || n, 't', 'hi' from generate_series(1, 70) as n`;

    expect(await metricsOf(db)).toMatchObject([
      { session_id: "full", conversation_id: "a" },
      { session_id: "s", conversation_id: "c", rating_count: 1 },
      { session_id: "t", conversation_id: "d1" },
    ]);
    await expectNoDrift(db);
  });

  test("that are NULL leave their rows out, and fail no write", async ({ bareDb, bareUrl }) => {
    const db = await migrated(
      { bareDb, bareUrl },
      `${conversations("id bigint unique, session_id text")};
       create table leads (id bigint unique, session_id text, name text);
       create table feedback (id bigint unique, session_id text, rating integer);
       insert into conversations (id, session_id, message) values (1, 's', 'hi'), (null, 's', 'hi');
       insert into leads values (null, 's', 'Ann');
       insert into feedback values (null, 's', 5)`,
    );

    await db`insert into conversations (id, session_id, message) values (null, 's', 'hi')`;
    await db`insert into leads values (null, 's', 'Bo')`;
    await db`insert into feedback values (null, 's', 5)`;
    await db`update conversations set message = 'changed' where id is null`;

    expect(await metricsOf(db)).toMatchObject([{ message_rows: 1, has_lead: false, rating_count: 0 }]);
    expect([...(await db`select ok, finding from metrics.doctor() where check_name = 'session ids'`)]).toEqual([
      { ok: false, finding: "2 message rows have no id or no session_id and are not counted" },
    ]);
    await db`update conversations set id = 2 where ctid = (select min(ctid) from conversations where id is null)`;
    await db`update leads set id = 2 where name = 'Bo'`;
    expect(await metricsOf(db)).toMatchObject([{ message_rows: 2, lead_name: "Bo" }]);
    expect([...(await db`select * from conversation_metrics_drift`)]).toEqual([]);
  });

  test("of bytes are one session for writers who see them differently", async ({ bareDb, bareUrl, bareConnect }) => {
    const db = await migrated(
      { bareDb, bareUrl },
      conversations("id bytea primary key, session_id bytea, organization_id bytea, widget_id bytea"),
    );
    const other = bareConnect({ max: 1 });
    await other`set bytea_output = escape`;

    await db`insert into conversations (id, session_id, organization_id, widget_id, message) values ('\\x01', '\\x0102', '\\xff', '\\x07', 'hi')`;
    await other`insert into conversations (id, session_id, organization_id, message) values ('\\x02', '\\x0102', '\\xff', 'hi')`;

    expect(await metricsOf(db)).toMatchObject([{ session_id: "0102", organization_id: "ff", message_rows: 2 }]);
    expect([...(await other`select * from conversation_metrics_drift`)]).toEqual([]);
    expect([...(await db`select * from conversation_metrics_drift`)]).toEqual([]);
  });

  test("that are numbers are the same with and without zeros at the end", async ({ bareDb, bareUrl }) => {
    const db = await migrated(
      { bareDb, bareUrl },
      `${conversations("id numeric primary key, session_id text, organization_id numeric")};
       create table leads (id integer primary key, session_id text, organization_id numeric(10, 2), name text)`,
    );

    await db`insert into conversations (id, session_id, organization_id, message) values (1, 's', 1, 'hi'), (2, 's', 1.00, 'hi')`;
    await db`insert into leads values (1, 's', 1, 'Ann')`;
    await db`update conversations set organization_id = 1.0, id = 1.0 where id = 1`;

    expect(await metricsOf(db)).toMatchObject([{ message_rows: 2, lead_name: "Ann" }]);
    expect([...(await db`select * from conversation_metrics_drift`)]).toEqual([]);
  });

  test("that are labels of an enum count by the label", async ({ bareDb, bareUrl }) => {
    const db = await migrated(
      { bareDb, bareUrl },
      `create type tenant as enum ('north', 'south');
       create domain region as tenant;
       ${conversations("id integer primary key, session_id region, organization_id tenant, widget_id tenant, role region")}`,
    );

    await db`insert into conversations (id, session_id, organization_id, widget_id, message) values (1, 'north', 'south', 'north', 'hi')`;
    await db`insert into leads (session_id, organization_id, name) values ('north', 'south', 'Ann')`;

    expect(await metricsOf(db)).toMatchObject([
      { session_id: "north", organization_id: "south", widget_id: "north", lead_name: "Ann" },
    ]);
    await expectNoDrift(db);
  });

  test("that are labels renamed later are found, and healed by repair", async ({ bareDb, bareUrl }) => {
    const db = await migrated(
      { bareDb, bareUrl },
      `create type tenant as enum ('north', 'south');
       ${conversations("id integer primary key, session_id text, organization_id tenant")}`,
    );
    await db`insert into conversations (id, session_id, organization_id, message) values (1, 's', 'north', 'hi')`;

    await db.unsafe("alter type tenant rename value 'north' to 'arctic'");
    const drift = await db`select * from conversation_metrics_drift`;
    await db`select * from metrics.repair()`;

    expect(drift.length).toBeGreaterThan(0);
    expect(await metricsOf(db)).toMatchObject([{ organization_id: "arctic", message_rows: 1 }]);
    await expectNoDrift(db);
  });

  test("in feedback that no message row can have name none", async ({ bareDb, bareUrl }) => {
    const db = await migrated(
      { bareDb, bareUrl },
      `${conversations("id integer primary key, session_id text")};
       create table feedback (id integer primary key, conversation_id text, rating integer)`,
    );
    await db`insert into conversations (id, session_id, message) values (7, 's', 'hi')`;

    await db`insert into feedback values (1, '7', 5), (2, 'seven', 1), (3, '77777777777777777777', 1), (4, null, 1)`;

    expect(await metricsOf(db)).toMatchObject([{ rating_count: 1, rating_sum: 5 }]);
    await expectNoDrift(db);
  });

  test("of a longer text in feedback are not cut off to another row's", async ({ bareDb, bareUrl }) => {
    const db = await migrated(
      { bareDb, bareUrl },
      `${conversations("id varchar(4) primary key, session_id text")};
       create table feedback (id integer primary key, conversation_id text, rating integer)`,
    );
    await db`insert into conversations (id, session_id, message) values ('abcd', 's', 'hi')`;

    await db`insert into feedback values (1, 'abcde', 1), (2, 'abcd', 5)`;

    expect(await metricsOf(db)).toMatchObject([{ rating_count: 1, rating_sum: 5 }]);
    await expectNoDrift(db);
  });
});

describe("other columns", () => {
  test("whose collation holds different texts for equal count as what they are", async ({ bareDb, bareUrl }) => {
    const db = await migrated(
      { bareDb, bareUrl },
      `create collation loose (provider = icu, locale = 'und-u-ks-level1', deterministic = false);
       ${conversations("id integer primary key, session_id text, user_id text collate loose, role text collate loose")};
       alter table conversations alter column message type text collate loose;
       create table leads (id integer primary key, session_id text, name text collate loose)`,
    );
    await db`insert into conversations (id, session_id, user_id, role, message) values (1, 's', 'ann', 'user', 'cafe'), (2, 's', 'ann', 'USER', 'hi')`;
    await db`insert into leads values (1, 's', 'ann')`;

    await db`update conversations set message = U&'cafe\\0301', user_id = 'ANN' where id = 1`;
    await db`update leads set name = 'ANN'`;

    expect(await metricsOf(db)).toMatchObject([
      { user_messages: 1, prompt_tokens: 2, user_id: "ANN", lead_name: "ANN" },
    ]);
    expect([...(await db`select * from conversation_metrics_drift`)]).toEqual([]);
  });

  test("that are domains are read as what these are made of", async ({ bareDb, bareUrl }) => {
    const db = await migrated(
      { bareDb, bareUrl },
      `create domain moment as timestamptz; create domain number as integer; create domain stars as numeric check (value < 10);
       create table conversations (id number primary key, session_id text, message text, created_at moment,
         prompt_tokens number);
       create table feedback (id integer primary key, session_id text, rating stars)`,
    );

    await db`insert into conversations values (1, 's', 'hi', '2025-03-01', 7), (2, 's', 'hi', '2025-03-01 01:00', null)`;
    await db`insert into feedback values (1, 's', 4.5)`;

    expect(await metricsOf(db)).toMatchObject([
      { conversation_duration: 3600, prompt_tokens: 8, user_satisfaction: 4.5 },
    ]);
    await expectNoDrift(db);
  });
});

describe("what the application defines", () => {
  test("never runs with our rights: casts and domain checks made before or after", async ({ bareDb, bareUrl }) => {
    const role = `cm_application_${bareUrl.slice(-12)}`;
    await bareDb.unsafe(`create role ${role}`);
    try {
      const spy = (name: string, type: string, returns: string, value: string) => `
        create or replace function public.${name}(${type}) returns ${returns} language plpgsql as $$ begin
          insert into public.seen values (current_user); return ${value}; end; $$`;
      const db = await migrated(
        { bareDb, bareUrl },
        `create table seen (name text); grant insert on seen to public; grant create on schema public to ${role};
         set role ${role};
         create type label as enum ('a', 'user');
         ${spy("spy_text", "text", "boolean", "true")};
         create domain checked as text check (spy_text(value));
         ${spy("spy_label", "label", "text", "'a'")};
         create cast (label as text) with function spy_label(label) as implicit;
         create table conversations (id bigint primary key, session_id label, organization_id checked, widget_id checked,
           user_id label, role label, message text, response checked, created_at timestamptz default now());
         create table feedback (id bigint primary key, session_id label, organization_id checked, conversation_id bigint, rating int);
         reset role; grant ${role} to current_user`,
      );
      await db.unsafe(
        `set role ${role}; drop cast (label as text); create cast (label as text) with function spy_label(label); reset role`,
      );

      await db.unsafe(`set role ${role};
        insert into conversations (id, session_id, organization_id, widget_id, user_id, role, message, response) values (1, 'a', 'o', 'w', 'a', 'user', 'hi', 'ho');
        insert into conversations (id, session_id, role, message) select n, 'a', 'user', 'hi' from generate_series(2, 90) as n;
        update conversations set message = 'changed' where id < 70;
        insert into feedback values (1, 'a', 'o', null, 5), (2, null, null, 1, 5);
        delete from conversations where id in (2, 80);
        reset role`);
      await db`select * from conversation_metrics_drift`;
      await db`select * from metrics.doctor()`;
      await db`select * from metrics.repair()`;

      expect([...(await db`select distinct name from seen`)]).toEqual([{ name: role }]);
      expect([...(await db`select * from conversation_metrics_drift`)]).toEqual([]);
    } finally {
      await bareDb.unsafe(`reset role; drop owned by ${role} cascade; drop role ${role}`);
    }
  });
});
