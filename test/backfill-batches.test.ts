import { describe, expect } from "vitest";
import { kinds, step, steps, uncounted } from "./support/backfill.ts";
import { test } from "./support/database.ts";
import { expectNoDrift } from "./support/oracle.ts";
import { endless } from "./support/writers.ts";

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
