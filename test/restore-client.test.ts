import { randomBytes } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect } from "vitest";
import type { Sql } from "../src/database.ts";
import { migrate } from "../src/migrate.ts";
import { findClientTools, runTool } from "./support/client-tools.ts";
import { test as base } from "./support/database.ts";
import { expectDriftToBeFound, expectNoDrift, metricsOf } from "./support/oracle.ts";
import { populate } from "./support/population.ts";

const test = base
  .extend("found", { scope: "worker" }, async ({ server }) => {
    const found = await findClientTools(server);
    if ("missing" in found) console.log(`The tests with pg_dump are skipped: ${found.missing}.`);
    return found;
  })
  .extend("tools", ({ found, skip }) => ("missing" in found ? skip(found.missing) : found))
  .extend("file", async ({}, { onCleanup }) => {
    const folder = await mkdtemp(join(tmpdir(), "conversation-metrics-dump-"));
    onCleanup(() => rm(folder, { recursive: true }));
    return join(folder, "dump");
  });

const writeOn = async (db: Sql) => {
  await db`select setval('conversations_id_seq', 5000)`;
  await db`insert into conversations (organization_id, session_id, message) values (1, 'a', 'hi'), (1, 'new', 'hi')`;
  await db`update conversations set session_id = 'b' where id % 3 = 0`;
  await db`delete from conversations where id % 5 = 0`;
  await db`truncate leads`;
  await expectNoDrift(db);
};

const expectNeverSilentlyWrong = async (db: Sql) => {
  await expectDriftToBeFound(db);
  await db`select * from metrics.repair()`;
  await expectNoDrift(db);
  await writeOn(db);
};

describe("pg_dump and pg_restore", () => {
  test("a whole database comes back exact, and stays so", async ({ db, url, bareDb, bareUrl, tools, file }) => {
    await populate(db);
    const kept = await metricsOf(db);

    await runTool(tools.dump, ["-Fc", "-f", file, url]);
    const errors = await runTool(tools.restore, ["-d", bareUrl, file]);

    expect(errors).toBe("");
    expect(await metricsOf(bareDb)).toEqual(kept);
    await expectNoDrift(bareDb);
    await writeOn(bareDb);
  });

  test("readers come back with their rights and organizations, by the names of their roles", async ({
    db,
    url,
    bareDb,
    bareUrl,
    server,
    tools,
    file,
  }) => {
    const role = `cm_test_role_${randomBytes(6).toString("hex")}`;
    await server.unsafe(`create role ${role}`);
    try {
      await populate(db);
      await db`select metrics.grant_reader(${role}, '{1}')`;

      await runTool(tools.dump, ["-Fc", "-f", file, url]);
      const errors = await runTool(tools.restore, ["-d", bareUrl, file]);
      const seen = await bareDb.begin(async (tx) => {
        await tx`set local role ${tx(role)}`;
        return tx`select distinct organization_id as o, (select conversations from report_summary()) as n from conversation_metrics`;
      });

      expect(errors).toBe("");
      expect([...seen]).toEqual([{ o: "1", n: "3" }]);
    } finally {
      for (const each of [db, bareDb]) await each.unsafe(`drop owned by ${role}`);
      await server.unsafe(`drop role ${role}`);
    }
  });

  test("a whole database goes over itself with --clean and is exact", async ({ db, url, tools, file }) => {
    await populate(db);
    await runTool(tools.dump, ["-Fc", "-f", file, url]);
    await db`delete from conversations where id % 2 = 0`;

    const errors = await runTool(tools.restore, ["--clean", "--if-exists", "-d", url, file]);

    expect(errors).toBe("");
    await expectNoDrift(db);
    await writeOn(db);
  });

  for (const flags of [[], ["--disable-triggers"]]) {
    const how = `--data-only ${flags.join()}`.trim();

    test(`data into a database just migrated, ${how}, is exact or found, and healed`, async ({
      db,
      url,
      bareDb,
      bareUrl,
      tools,
      file,
    }) => {
      await populate(db);
      await migrate({ databaseUrl: bareUrl });

      await runTool(tools.dump, ["-Fc", "-f", file, url]);
      await runTool(tools.restore, ["--data-only", ...flags, "-d", bareUrl, file]);

      await expectNeverSilentlyWrong(bareDb);
    });

    test.for(["conversations", "leads", "feedback", "conversation_metrics"])(
      `the table %s alone, ${how}, is exact or found, and healed`,
      async (table, { db, url, bareDb, bareUrl, tools, file }) => {
        await populate(db);
        await migrate({ databaseUrl: bareUrl });

        await runTool(tools.dump, ["-Fc", "-t", `public.${table}`, "-f", file, url]);
        await runTool(tools.restore, ["--data-only", ...flags, "-d", bareUrl, file]);

        await expectNeverSilentlyWrong(bareDb);
      },
    );
  }

  test("the application's tables alone, restored before the first migration, are counted by it", async ({
    db,
    url,
    bareDb,
    bareUrl,
    tools,
    file,
  }) => {
    await populate(db);
    const kept = await metricsOf(db);
    await runTool(tools.dump, [
      "-Fc",
      "-t",
      "public.conversations",
      "-t",
      "public.leads",
      "-t",
      "public.feedback",
      "-f",
      file,
      url,
    ]);
    // their triggers call what is not there yet: pg_restore says so and goes on
    await runTool(tools.restore, ["-d", bareUrl, file]);

    await migrate({ databaseUrl: bareUrl });

    expect(await metricsOf(bareDb)).toEqual(kept);
    await expectNoDrift(bareDb);
    await writeOn(bareDb);
  });
});
