import { describe, expect } from "vitest";
import { migrate } from "../src/migrate.ts";
import { uncounted } from "./support/backfill.ts";
import { test } from "./support/database.ts";
import { expectNoDrift, metricsOf } from "./support/oracle.ts";
import { fill, sourceTables } from "./support/sources.ts";
import { endless } from "./support/writers.ts";

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
