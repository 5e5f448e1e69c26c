import { describe, expect } from "vitest";
import type { Sql } from "../src/database.ts";
import { errorCode } from "../src/errors.ts";
import { test } from "./support/database.ts";
import { type Random, random, runSeed } from "./support/generators/prng.ts";
import { openActors } from "./support/interleaving.ts";
import { driftOf, expectNoDrift } from "./support/oracle.ts";

const writers = 12;
const seed = runSeed();

// Each writer changes rows of its own (id % 12) in sessions that all share, in single statements: no two of them wait for
// each other's rows, so that any deadlock or failure is the engine's.
const statements = (r: Random, me: number, size: number, sessions: number): string => {
  const session = `'s' || (n * ${1 + r.below(50)} + ${r.below(100)}) % ${sessions}`;
  const series = `generate_series(1, ${1 + r.below(size)})`;
  const order = r.pick(["n", "-n", "md5(n::text)"]);
  const own = `id % ${writers} = ${me} and id in (select id from conversations where id % ${writers} = ${me} order by md5(id::text) limit ${size})`;
  const insert = `insert into conversations (id, organization_id, session_id, message, response, created_at)
    select nextval('conversations_id_seq') * ${writers} + ${me}, nullif(n % 2, 0), ${session}, repeat('m', n % 9),
      nullif(repeat('r', n % 5), 'r'), timestamptz '2025-03-01' + n % 17 * interval '1 s'
    from ${series} as n order by ${order}`;
  return r.pick([
    insert,
    insert,
    `update conversations set session_id = 's' || (id * ${1 + r.below(50)}) % ${sessions} where ${own}`,
    `update conversations set message = message || 'x', created_at = created_at - interval '3 s' where ${own}`,
    `delete from conversations where ${own}`,
    `insert into leads (organization_id, session_id, name) select nullif(n % 2, 0), ${session}, 'L' || n from ${series} as n order by ${order}`,
    `insert into feedback (organization_id, session_id, rating) select nullif(n % 2, 0), ${session}, 1 + n % 5 from ${series} as n order by ${order}`,
  ]);
};

const writeAll = async (pool: Sql, each: number, size: number, sessions: number) => {
  const actors = await openActors(pool, writers);
  await Promise.all(
    actors.map(async ({ connection }, me) => {
      const r = random(seed + me);
      for (let n = 0; n < each; n += 1) await connection.unsafe(statements(r, me, size, sessions));
      connection.release();
    }),
  );
};

describe(`${writers} writers at once, seed ${seed}`, () => {
  test.for([
    { size: 1, sessions: 1, each: 40 },
    { size: 1, sessions: 5, each: 40 },
    { size: 2, sessions: 2, each: 40 },
    { size: 10, sessions: 3, each: 25 },
    { size: 10, sessions: 100, each: 25 },
    { size: 100, sessions: 7, each: 12 },
    { size: 100, sessions: 1000, each: 12 },
    { size: 1000, sessions: 50, each: 5 },
  ])(
    "statements of up to $size rows in $sessions sessions neither fail nor leave or show a difference",
    async ({ size, sessions, each }, { db, connect }) => {
      const working = writeAll(connect({ max: writers }), each, size, sessions);
      const meanwhile = await driftOf(db);
      await working;

      expect(meanwhile).toEqual([]);
      await expectNoDrift(db);
    },
  );

  test("one session's counter takes every writer's rows", async ({ db, connect }) => {
    const pool = connect({ max: writers });

    await Promise.all(
      Array.from(
        { length: writers * 30 },
        () => pool`insert into conversations (session_id, message) values ('s', 'hi')`,
      ),
    );

    expect([...(await db`select message_rows, user_messages from conversation_metrics`)]).toEqual([
      { message_rows: writers * 30, user_messages: writers * 30 },
    ]);
    await expectNoDrift(db);
  });

  test("statements that are cancelled in the middle leave no difference", async ({ db, connect }) => {
    const actors = await openActors(connect({ max: writers }), writers);
    let cancelled = 0;

    await Promise.all(
      actors.map(async ({ connection }, me) => {
        const r = random(seed + me);
        for (let n = 0; n < 60; n += 1) {
          await connection.unsafe(`begin; set local statement_timeout = '${1 + r.below(12)}ms'`);
          await connection.unsafe(statements(r, me, 60, 20)).catch((error: unknown) => {
            if (errorCode(error) !== "57014") throw error;
            cancelled += 1;
          });
          await connection.unsafe("set local statement_timeout = 0; commit").catch(() => connection`rollback`);
        }
        connection.release();
      }),
    );

    expect(cancelled).toBeGreaterThan(0);
    await expectNoDrift(db);
  });

  test("connections that are ended in the middle leave no difference", async ({ db, connect }) => {
    const ends = /57P01|CONNECTION_|ECONNRESET|EPIPE/;
    let ended = 0;
    const write = async (me: number) => {
      const r = random(seed + me);
      let client = connect({ max: 1 });
      for (let n = 0; n < 20; n += 1) {
        await client.unsafe(statements(r, me, 60, 20)).catch((error: unknown) => {
          if (!ends.test(errorCode(error) ?? "")) throw error;
          ended += 1;
          client = connect({ max: 1 });
        });
      }
    };
    const working = Promise.all(Array.from({ length: writers }, (_, me) => write(me)));

    for (let n = 0; n < 30; n += 1) {
      await db`select pg_terminate_backend(pid) from pg_stat_activity
        where datname = current_database() and pid <> pg_backend_pid() and state = 'active'
          and query ~ 'conversations|leads|feedback' -- and not what the client asks by itself
        order by random() limit 1`;
    }
    await working;

    expect(ended).toBeGreaterThan(0);
    await expectNoDrift(db);
  });
});
