import { randomBytes } from "node:crypto";
import postgres from "postgres";
import { describe, expect } from "vitest";
import type { Sql } from "../src/database.ts";
import { test as base } from "./support/database.ts";
import { migrated } from "./support/migrated.ts";
import { expectNoDrift, metricsOf } from "./support/oracle.ts";
import { populate } from "./support/population.ts";

// Roles belong to the whole server: each test makes its own and takes it away again.
const test = base.extend("role", async ({ server }, { onCleanup }) => {
  const name = `cm_test_role_${randomBytes(6).toString("hex")}`;
  await server`create role ${server(name)}`;
  onCleanup(async () => {
    // 2BP01: the database of a failed test is kept, and what it grants holds the role
    await server`drop role ${server(name)}`.catch((error) => {
      if (!(error instanceof postgres.PostgresError) || error.code !== "2BP01") throw error;
    });
  });
  return name;
});

/** Runs statements as a role, and gives its rights back before the role goes. */
const as = (db: Sql, role: string, statements: string[]) =>
  db.begin(async (tx) => {
    await tx`set local role ${tx(role)}`;
    for (const statement of statements) await tx.unsafe(statement);
  });

const forget = (db: Sql, role: string) => db`drop owned by ${db(role)}`;

describe("an application's role", () => {
  test("that may only INSERT into conversations is counted", async ({ db, role }) => {
    await db`grant insert on conversations to ${db(role)}`;

    await as(db, role, [
      "insert into conversations (organization_id, session_id, message) values (1, 's', 'hi')",
      "insert into conversations (organization_id, session_id, message) select 1, 's' || n, 'hi' from generate_series(1, 50) as n",
    ]);

    expect(await metricsOf(db)).toHaveLength(51);
    await expectNoDrift(db);
    await forget(db, role);
  });

  test("that may write the three tables and read nothing of ours is counted", async ({ db, role }) => {
    await populate(db);
    await db`grant select, insert, update, delete, truncate on conversations, leads, feedback to ${db(role)}`;

    await as(db, role, [
      "update conversations set session_id = 'b' where id % 2 = 0",
      "delete from conversations where id % 3 = 0",
      "update leads set session_id = 'b' where id % 2 = 0",
      "update feedback set rating = 1",
      "truncate feedback",
    ]);

    await expectNoDrift(db);
    await forget(db, role);
  });

  const forbidden = [
    "insert into conversation_metrics (session_id) values ('s')",
    "update conversation_metrics set user_messages = 0",
    "delete from conversation_metrics",
    "truncate conversation_metrics",
    "select from metrics.messages",
    "insert into metrics.messages (conversation_id) values (99)",
    "update metrics.messages set user_messages = 0",
    "delete from metrics.messages",
    "truncate metrics.messages",
    "delete from metrics.sessions",
    "delete from metrics.leads",
    "delete from metrics.feedback",
    "drop view conversation_metrics_drift",
    "alter table conversations disable trigger user",
    "select metrics.uninstall()",
    "call metrics.uninstall()",
  ];

  test.for(forbidden)("may not: %s", async (statement, { db, role }) => {
    await populate(db);
    await db`grant select, insert, update, delete, truncate, references, trigger on conversations, leads, feedback
      to ${db(role)}`;

    const attempt = as(db, role, [statement]);

    // 42501 insufficient_privilege; 42809 and 42883: not to be called in this way at all
    await expect(attempt).rejects.toMatchObject({ code: expect.stringMatching(/^(42501|42809|42883)$/) });
    await expectNoDrift(db);
    await forget(db, role);
  });

  test("gets no write to our tables from default privileges that grant it everything", async ({
    bareDb,
    bareUrl,
    role,
  }) => {
    const db = await migrated(
      { bareDb, bareUrl },
      `alter default privileges grant all on tables to ${role};
       alter default privileges grant all on functions to ${role};
       alter default privileges grant all on schemas to ${role}`,
    );

    const [rights] = await db`
      select array_agg(c.oid::regclass || ' ' || p order by c.oid::regclass::text) as open
      from pg_class as c, unnest(array['insert', 'update', 'delete', 'truncate', 'trigger']) as p
      where c.relkind in ('r', 'p', 'v')
        and (c.relnamespace = 'metrics'::regnamespace or c.relname like 'conversation\\_metrics%')
        and has_table_privilege(${role}, c.oid, p)`;

    expect(rights?.open).toBeNull();
    await forget(db, role);
  });

  test("cannot change numbers through our functions' default rights", async ({ db, role }) => {
    await populate(db);
    const [open] = await db`
      select array_agg(p.oid::regprocedure::text order by 1) as functions
      from pg_proc as p
      where p.pronamespace = 'metrics'::regnamespace
        and p.prorettype <> 'trigger'::regtype
        and p.prosecdef
        and has_function_privilege(${role}, p.oid, 'execute')`;

    expect(open?.functions).toBeNull();
    await forget(db, role);
  });

  test("that row-level security confines to its organization is counted in full", async ({ db, role }) => {
    await populate(db);
    await db.unsafe(`
      grant select, insert, update, delete on conversations, leads, feedback to ${role};
      alter table conversations enable row level security;
      alter table conversations force row level security;
      create policy own on conversations to ${role} using (organization_id = 1) with check (organization_id = 1)`);

    await as(db, role, [
      "insert into conversations (organization_id, session_id, message) values (1, 'a', 'hi'), (1, 'new', 'hi')",
      "update conversations set message = 'changed', session_id = 'b'",
      "delete from conversations where id % 2 = 0",
    ]);

    await expectNoDrift(db);
    await forget(db, role);
  });
});

describe("our functions", () => {
  test("that run with their owner's rights all fix their search_path", async ({ db }) => {
    const [open] = await db`
      select array_agg(p.oid::regprocedure::text) as functions
      from pg_proc as p
      where p.prosecdef
        and p.pronamespace in ('metrics'::regnamespace, 'public'::regnamespace)
        and not coalesce(p.proconfig, '{}') @> array['search_path=pg_catalog, pg_temp']`;

    expect(open?.functions).toBeNull();
  });
});
