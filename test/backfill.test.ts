import { describe, expect } from "vitest";
import type { Sql } from "../src/database.ts";
import { migrate } from "../src/migrate.ts";
import { test } from "./support/database.ts";
import { migrated } from "./support/migrated.ts";
import { expectNoDrift, metricsOf } from "./support/oracle.ts";
import { fill, sourceTables } from "./support/sources.ts";
import { endless } from "./support/writers.ts";

const kinds = ["messages", "leads", "feedback"] as const;

type Step = { last_id: string | null; rows_seen: number; rows_changed: number };

/** One step of the backfill that blocks no writer. */
const step = async (sql: Sql, kind: string, after: string | null, size: number) => {
  const [row] = await sql<[Step]>`
    select last_id, rows_seen::int, rows_changed::int from metrics.backfill_batch(${kind}, ${after}, ${size})`;
  return row;
};

/** All steps of one kind from a place on; returns how many rows were seen and changed. */
const steps = async (sql: Sql, kind: string, size: number, after: string | null = null) => {
  const sum = { seen: 0, changed: 0 };
  let last = after;
  do {
    const done = await step(sql, kind, last, size);
    sum.seen += done.rows_seen;
    sum.changed += done.rows_changed;
    last = done.last_id;
  } while (last !== null);
  return sum;
};

/** An application's full tables, and our migrations without their backfill. */
const uncounted = async (bare: { bareDb: Sql; bareUrl: string }, rows: number) => {
  await bare.bareDb.unsafe(sourceTables);
  await fill(bare.bareDb, rows);
  return migrated(bare, "select", { backfill: false });
};

describe("the backfill in one statement", () => {
  test("a migration counts what the tables hold already", async ({ bareDb, bareUrl }) => {
    await bareDb.unsafe(sourceTables);
    await fill(bareDb, 5000);

    await migrate({ databaseUrl: bareUrl });

    expect((await metricsOf(bareDb)).length).toBeGreaterThan(400);
    await expectNoDrift(bareDb);
  });

  test("metrics.backfill() counts what a migration left out", async ({ bareDb, bareUrl }) => {
    const db = await uncounted({ bareDb, bareUrl }, 5000);

    await db`select metrics.backfill()`;

    await expectNoDrift(db);
  });

  test("a second backfill changes nothing", async ({ bareDb, bareUrl }) => {
    const db = await uncounted({ bareDb, bareUrl }, 2000);
    await db`select metrics.backfill()`;
    const before =
      await db`select xmin::text, updated_at::text, session_key from conversation_metrics order by session_key`;

    await db`select metrics.backfill()`;

    expect([
      ...(await db`select xmin::text, updated_at::text, session_key from conversation_metrics order by session_key`),
    ]).toEqual([...before]);
    await expectNoDrift(db);
  });

  test("a migration beside writers is exact, and fails none of them", async ({ bareDb, bareUrl, bareConnect }) => {
    await bareDb.unsafe(sourceTables);
    await fill(bareDb, 3000);
    const writers = endless(bareConnect({ max: 4 }), 4);

    await migrate({ databaseUrl: bareUrl });
    await writers.stop();

    expect(writers.written()).toBeGreaterThan(0);
    await expectNoDrift(bareDb);
  });

  test("a transaction that began before the migration and writes after it is counted, or must try again", async ({
    bareDb,
    bareUrl,
    bareConnect,
  }) => {
    await bareDb.unsafe(sourceTables);
    await fill(bareDb, 200);
    const early = await bareConnect({ max: 1 }).reserve();
    await early`begin isolation level repeatable read`;
    await early`select 1`;
    await migrate({ databaseUrl: bareUrl });

    const outcome =
      await early`insert into conversations (organization_id, session_id, message) values (1, 's1', 'hi')`.then(
        () => early`commit`.then(() => "counted"),
        (error: { code?: string }) => error.code,
      );

    expect(["counted", "40001"]).toContain(outcome);
    await early`rollback`;
    await expectNoDrift(bareDb);
  });
});

describe("the backfill in batches", () => {
  test.for([1, 7, 100, 100_000])("of %i rows counts everything", async (size, { bareDb, bareUrl }) => {
    const db = await uncounted({ bareDb, bareUrl }, 700);

    const seen = [];
    for (const kind of kinds) seen.push((await steps(db, kind, size)).seen);

    expect(seen).toEqual([700, 140, 140]);
    await expectNoDrift(db);
  });

  test("leads and feedback may come before the messages", async ({ bareDb, bareUrl }) => {
    const db = await uncounted({ bareDb, bareUrl }, 700);

    for (const kind of kinds.toReversed()) await steps(db, kind, 50);

    await expectNoDrift(db);
  });

  test("begun again it changes nothing", async ({ bareDb, bareUrl }) => {
    const db = await uncounted({ bareDb, bareUrl }, 700);
    for (const kind of kinds) await steps(db, kind, 100);
    const before = await db`select xmin::text, session_key from conversation_metrics order by session_key`;

    const changed = [];
    for (const kind of kinds) changed.push((await steps(db, kind, 90)).changed);

    expect(changed).toEqual([0, 0, 0]);
    expect([...(await db`select xmin::text, session_key from conversation_metrics order by session_key`)]).toEqual([
      ...before,
    ]);
    await expectNoDrift(db);
  });

  test("broken off it is taken up where it was", async ({ bareDb, bareUrl }) => {
    const db = await uncounted({ bareDb, bareUrl }, 700);
    const first = await step(db, "messages", null, 300);

    const rest = await steps(db, "messages", 100, first.last_id);
    await steps(db, "leads", 100);
    await steps(db, "feedback", 100);

    expect(rest.seen).toBe(400);
    await expectNoDrift(db);
  });

  test("sessions that it has not reached are right as soon as they are written to", async ({ bareDb, bareUrl }) => {
    const db = await uncounted({ bareDb, bareUrl }, 700);

    await db`update conversations set message = 'changed', session_id = 's1' where id % 3 = 0`;
    await db`delete from conversations where id % 7 = 0`;
    await db`update leads set name = 'Changed' where id % 3 = 0`;
    await db`delete from feedback where id % 3 = 0`;
    await db`insert into conversations (organization_id, session_id, message) values (1, 's1', 'hi')`;
    for (const kind of kinds) await steps(db, kind, 64);

    await expectNoDrift(db);
  });

  test("it is exact while writers insert, change, move and delete, and fails none of them", async ({
    bareDb,
    bareUrl,
    bareConnect,
  }) => {
    const db = await uncounted({ bareDb, bareUrl }, 4000);
    const writers = endless(bareConnect({ max: 4 }), 4);

    for (const kind of kinds) await steps(db, kind, 97);
    await writers.stop();

    expect(writers.written()).toBeGreaterThan(0);
    await expectNoDrift(db);
  });

  test("two that run at once are exact", async ({ bareDb, bareUrl }) => {
    const db = await uncounted({ bareDb, bareUrl }, 2000);

    await Promise.all([
      ...kinds.map((kind) => steps(db, kind, 61)),
      ...kinds.toReversed().map((kind) => steps(db, kind, 83)),
    ]);

    await expectNoDrift(db);
  });
});
