import { describe } from "vitest";
import type { Queryable } from "../src/database.ts";
import { test } from "./support/database.ts";
import { expectNoDrift } from "./support/oracle.ts";
import { populate } from "./support/population.ts";

// Everything that a writer's session could put in front of what the engine means: tables, functions, operators.
const trap = `
  create schema evil;
  create table evil.conversations (like public.conversations);
  create table evil.leads (like public.leads);
  create table evil.feedback (like public.feedback);
  create table evil.conversation_metrics (like public.conversation_metrics);
  create table evil.messages (like metrics.messages);
  create table evil.sessions (like metrics.sessions);
  create function evil.fail(anyelement) returns anyelement language plpgsql as
    $$ begin raise exception 'a function of the writer was called with our rights'; end $$;
  create function evil.bad(bigint, bigint) returns boolean language plpgsql as
    $$ begin raise exception 'an operator of the writer was called with our rights'; end $$;
  create function evil.bad(integer, integer) returns boolean language sql as 'select evil.bad($1::bigint, $2::bigint)';
  create function evil.bad(text, text) returns boolean language sql as 'select evil.bad(1::bigint, 1::bigint)';
  create function evil.bad(timestamptz, timestamptz) returns boolean language sql as 'select evil.bad(1::bigint, 1::bigint)';
  create function evil.bad(uuid, uuid) returns boolean language sql as 'select evil.bad(1::bigint, 1::bigint)';
  create operator evil.= (leftarg = bigint, rightarg = bigint, function = evil.bad);
  create operator evil.= (leftarg = text, rightarg = text, function = evil.bad);
  create operator evil.= (leftarg = uuid, rightarg = uuid, function = evil.bad);
  create operator evil.<> (leftarg = text, rightarg = text, function = evil.bad);
  create operator evil.> (leftarg = integer, rightarg = integer, function = evil.bad);
  create operator evil.< (leftarg = timestamptz, rightarg = timestamptz, function = evil.bad);
  create function evil.char_length(text) returns integer language sql as 'select evil.fail(1)';
  create function evil.length(text) returns integer language sql as 'select evil.fail(1)';
  create function evil.ceil(numeric) returns numeric language sql as 'select evil.fail(1::numeric)';
  create function evil.now() returns timestamptz language sql as 'select evil.fail(null::timestamptz)';
  create function evil.isfinite(timestamptz) returns boolean language sql as 'select evil.fail(true)';
  create function evil.md5(text) returns text language sql as 'select evil.fail($1)';
  create function evil.sha256(bytea) returns bytea language sql as 'select evil.fail($1)';
  create function evil.hashtextextended(text, bigint) returns bigint language sql as 'select evil.fail(1::bigint)'`;

const tempTables = `
  create temp table conversations (like public.conversations);
  create temp table leads (like public.leads);
  create temp table feedback (like public.feedback);
  create temp table conversation_metrics (like public.conversation_metrics);
  create temp table messages (like metrics.messages);
  create temp table sessions (like metrics.sessions);
  create temp table inserted (id bigint);
  create temp table changed (id bigint);
  create temp table deleted (id bigint)`;

/** The writer's own statements name their tables in full. */
const writeAll = async (sql: Queryable) => {
  await sql.unsafe("insert into public.conversations (session_id, message, response) values ('s', 'hi', 'hello')");
  await sql.unsafe(`insert into public.conversations (session_id, message)
    select 's' operator(pg_catalog.||) n::text, 'hi' from pg_catalog.generate_series(1, 30) as n`);
  await sql.unsafe(
    "update public.conversations set session_id = 'moved', message = 'changed' where id operator(pg_catalog.<) 9",
  );
  await sql.unsafe("insert into public.leads (session_id, name) values ('s', 'Ann'), ('moved', 'Ben')");
  await sql.unsafe("insert into public.feedback (session_id, rating) values ('s', 4), ('moved', 5)");
  await sql.unsafe("update public.leads set name = 'Cy'");
  await sql.unsafe("update public.feedback set rating = 1");
  await sql.unsafe("delete from public.conversations where id operator(pg_catalog.<) 5");
  await sql.unsafe("delete from public.feedback where id operator(pg_catalog.<) 5");
  await sql.unsafe("truncate public.leads");
};

const paths = [
  ["puts a schema of traps first", "set local search_path = evil, pg_catalog, public"],
  [
    "puts a schema of traps before everything of the system",
    "set local search_path = evil, public, pg_catalog, metrics",
  ],
  ["is empty", "set local search_path = ''"],
  ["hides all tables behind temporary ones", `${tempTables}; set local search_path = pg_temp, public, metrics`],
  ["holds temporary tables by default", tempTables],
] as const;

describe("a writer whose search_path", () => {
  test.for(paths)("%s is counted as any other", async ([, setUp], { db, connect }) => {
    await populate(db);
    await db.unsafe(trap);

    await connect({ max: 1 }).begin(async (tx) => {
      await tx.unsafe(setUp);
      await writeAll(tx);
    });

    await expectNoDrift(db);
  });
});

describe("an administrator whose search_path", () => {
  test.for(paths)("%s repairs, syncs and counts as any other", async ([, setUp], { db, connect }) => {
    await populate(db);
    await db.unsafe(trap);
    await db`update conversation_metrics set user_messages = user_messages + 1 where session_id = 'a'`;
    await db`delete from metrics.messages where conversation_id % 5 = 0`;

    await connect({ max: 1 }).begin(async (tx) => {
      await tx.unsafe(setUp);
      await tx.unsafe("select public.sync_conversation_metrics(1::bigint)");
      await tx.unsafe("select public.sync_conversation_metrics(null::bigint, 1::bigint, 'a'::text)");
      await tx.unsafe("select pg_catalog.count(*) from metrics.repair()");
      await tx.unsafe("select metrics.backfill()");
      await tx.unsafe("select * from metrics.backfill_batch('messages', null, 100)");
      await tx.unsafe("select * from public.conversation_metrics_drift");
    });

    await expectNoDrift(db);
  });
});
