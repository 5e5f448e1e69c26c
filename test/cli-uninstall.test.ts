import { runMigrations as runWorkerMigrations } from "graphile-worker";
import { describe, expect } from "vitest";
import type { Sql } from "../src/database.ts";
import { APPLICATION } from "./support/application.ts";
import { cli } from "./support/cli.ts";
import { test } from "./support/database.ts";
import { expectNoDrift } from "./support/oracle.ts";
import { populate } from "./support/population.ts";

// Everything in a database that an uninstall could leave behind or take away.
async function inventory(db: Sql): Promise<string[]> {
  const rows = await db<{ name: string }[]>`
    select 'schema ' || nspname as name from pg_namespace
    union all
    select 'relation ' || oid::regclass from pg_class where relnamespace::regnamespace::text not like 'pg_toast%'
    union all
    select 'routine ' || oid::regprocedure from pg_proc
    union all
    select 'trigger ' || tgname || ' on ' || tgrelid::regclass from pg_trigger
    union all
    select 'type ' || oid::regtype from pg_type where typnamespace::regnamespace::text not like 'pg_toast%'
    union all
    select 'row ' || c from conversations as c
    union all
    select 'row ' || l from leads as l
    order by 1`;
  return rows.map(({ name }) => name);
}

describe("uninstall", () => {
  test("leaves the database as it was before migrate", async ({ bareUrl, bareDb }) => {
    await bareDb.unsafe(APPLICATION);
    const before = await inventory(bareDb);
    await cli(["migrate"], { url: bareUrl });

    const { code } = await cli(["uninstall", "--yes"], { url: bareUrl });

    expect(code).toBe(0);
    expect(await inventory(bareDb)).toEqual(before);
  });

  test("keeps a schema graphile_worker that was there before", async ({ bareUrl, bareDb }) => {
    await runWorkerMigrations({ connectionString: bareUrl });
    await cli(["migrate"], { url: bareUrl });

    const { stdout } = await cli(["uninstall", "--yes"], { url: bareUrl });

    expect(stdout).toContain("The schema graphile_worker stays: it was there before us.");
    expect(await bareDb`select from graphile_worker.jobs`).toHaveLength(0);
  });

  test("keeps a schema graphile_worker of ours where a job waits", async ({ url, db }) => {
    await db`select graphile_worker.add_job('send_mail', '{}')`;

    const { stdout } = await cli(["uninstall", "--yes"], { url });

    expect(stdout).toContain("The schema graphile_worker stays: jobs wait in it.");
    expect(await db`select from graphile_worker.jobs`).toHaveLength(1);
  });

  test("asks first, and where nobody can answer it removes nothing", async ({ url, db }) => {
    const { code, stderr } = await cli(["uninstall"], { url });

    expect(code).toBe(2);
    expect(stderr).toContain("hint: Say it: npx conversation-metrics uninstall --yes");
    expect(await db`select from conversation_metrics`).toHaveLength(0);
  });

  test("is stopped by a view that somebody built on the metrics", async ({ url, db }) => {
    await db`create view report as select session_id, total_messages from conversation_metrics`;

    const { code, stderr } = await cli(["uninstall", "--yes"], { url });

    expect(code).toBe(1);
    expect(stderr).toContain("report");
    expect((await cli(["verify"], { url })).code).toBe(0);
  });

  test("has nothing to remove from a database without metrics", async ({ bareUrl }) => {
    const { code, stdout } = await cli(["uninstall", "--yes"], { url: bareUrl });

    expect(code).toBe(0);
    expect(stdout).toContain("Nothing to remove");
  });

  test("migrate brings everything back", async ({ url, db }) => {
    await populate(db);
    await cli(["uninstall", "--yes"], { url });

    const { code } = await cli(["migrate"], { url });

    expect(code).toBe(0);
    expect(await db`select from conversation_metrics`).toHaveLength(9);
    await expectNoDrift(db);
  });
});
