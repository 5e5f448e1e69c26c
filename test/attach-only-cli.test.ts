import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect } from "vitest";
import type { Sql } from "../src/database.ts";
import { migrate } from "../src/migrate.ts";
import { chat } from "./support/attached/chat.ts";
import { cli } from "./support/cli.ts";
import { test as base } from "./support/database.ts";

/** A database set up by `migrate --attach-only`, and a folder for files. */
const test = base
  .extend("url", async ({ bareUrl }) => {
    await migrate({ databaseUrl: bareUrl, adopt: false });
    return bareUrl;
  })
  .extend("folder", async ({}, { onCleanup }) => {
    const folder = await mkdtemp(join(tmpdir(), "attach only "));
    onCleanup(() => rm(folder, { recursive: true, force: true }));
    return folder;
  });

const attach = async (db: Sql, name: string) => {
  await db.unsafe(chat(name));
  await db.unsafe(`select metrics.attach('${name}', '${name}.said')`);
};

const CURE = "Attach your tables: npx conversation-metrics attach --help";

describe("with nothing attached", () => {
  test.for([
    [["status"], /^sessions +0 in 0 organizations$/m],
    [["recent"], /^0 sessions changed/],
    [["recent", "--json"], /^\[\]$/m],
    [["verify"], /^Every number is right\.$/m],
    [["repair"], /^Nothing to heal/],
    [["attach", "--list", "--json"], /^\[\]$/m],
    [["archive"], /^No rule/],
    [["backfill", "--json"], /^\{\}$/m],
    [["recount"], /^0 rows to be counted again/],
  ] as const)("%j is answered, and says that nothing is attached yet", async ([args, answer], { url }) => {
    const { code, stdout, stderr } = await cli([...args], { url });

    expect({ code, stderr }).toEqual({
      code: 0,
      stderr: expect.stringContaining(`Nothing is attached yet, so nothing is counted. ${CURE}`),
    });
    expect(stdout).toMatch(answer);
  });

  test("status has all of its fields for a program", async ({ url }) => {
    const { stdout } = await cli(["status", "--json"], { url });

    expect(JSON.parse(stdout)).toMatchObject({
      ...{ sessions: 0, total_messages: 0, metrics_size: "0 bytes", sources: [], last_check: null, last_finding: null },
      tokens: { exact: 0, reported: 0, estimated: 0, given_up: 0, oldest_waiting: null },
      rollups: { built_to: null, changed: 0, last_rolled_up: null },
    });
  });

  test("doctor says so, with the cure, and finds nothing wrong", async ({ url }) => {
    const { code, stdout } = await cli(["doctor", "--json"], { url });

    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toContainEqual({
      check_name: "sources",
      ok: true,
      finding: "none: nothing is attached yet, so nothing is counted",
      cure: CURE,
    });
  });

  test.for([
    ["verify", "--source", "support"],
    ["detach", "support", "--yes"],
    ["report", "--out", "-", "--format", "csv", "--source", "support"],
  ])("%j says that there is no such source", async (args, { url }) => {
    const { code, stderr } = await cli([...args], { url });

    expect(code).toBe(2);
    expect(stderr).toBe(`error: There is no source named support: nothing is attached yet.\nhint: ${CURE}\n`);
  });

  test("a rule of the archive is refused, since there is nothing that would keep it", async ({ url }) => {
    const { code, stderr } = await cli(["archive", "set", "180d"], { url });

    expect(code).toBe(2);
    expect(stderr).toContain(`hint: ${CURE}`);
  });

  test("uninstall asks first, and removes nothing where nobody can answer", async ({ url }) => {
    const { code, stderr } = await cli(["uninstall"], { url });

    expect(code).toBe(2);
    expect(stderr).toContain("hint: Say it: npx conversation-metrics uninstall --yes");
  });
});

describe("report", () => {
  test("is of the only source there is", async ({ url, bareDb, folder }) => {
    await attach(bareDb, "support");
    const file = join(folder, "x.csv");

    const { code, stderr } = await cli(["report", "--out", file, "--month", "2025-03"], { url });

    expect(code, stderr).toBe(0);
    expect(await readFile(file, "utf8")).toMatch(/^2025-03-01,2,20,/m);
  });

  test("asks which, where there are several and none is named default", async ({ url, bareDb }) => {
    await attach(bareDb, "sales");
    await attach(bareDb, "support");

    const { code, stderr } = await cli(["report", "--out", "-", "--format", "csv"], { url });

    expect(code).toBe(2);
    expect(stderr).toBe(
      "error: It is not said of which source: there are sales, support.\nhint: Name one: --source sales\n",
    );
  });

  test("is of the source named default, where there is one beside others", async ({ url, bareDb }) => {
    await attach(bareDb, "default_like");
    await bareDb`select metrics.attach('default', 'default_like.said')`;

    const { code, stderr } = await cli(["report", "--out", "-", "--format", "csv"], { url });

    expect(code, stderr).toBe(0);
  });

  test("is scheduled for the only source, and for none that is not there", async ({ url, bareDb, folder }) => {
    await attach(bareDb, "support");
    const schedule = ["report", "schedule", "--organization", "all", "--folder", folder];

    const unknown = await cli([...schedule, "--source", "sales"], { url });
    const only = await cli(schedule, { url });

    expect(unknown).toMatchObject({ code: 2, stderr: expect.stringContaining("there is only support") });
    expect(only.code, only.stderr).toBe(0);
    expect(await bareDb`select source from metrics.report_schedules`).toEqual([{ source: "support" }]);
  });
});

describe("demo", () => {
  const refused = {
    code: 2,
    stderr: expect.stringMatching(/^error: The demo writes into .* does not count\.\nhint: Use a database of its own/),
  };

  test.for([[["demo"]], [["demo", "--force"]], [["start", "--demo", "--no-worker", "--no-http"]]] as const)(
    "%j refuses a database of attached tables alone",
    async ([args], { url }) => {
      expect(await cli([...args], { url })).toMatchObject(refused);
    },
  );

  test("leaves tables alone that have the usual names and are attached by views", async ({ url, bareDb }) => {
    await bareDb.unsafe(`
      create table conversations (id integer primary key, room text, words text);
      create view said as select id as conversation_id, room as session_id, words as message from conversations`);
    await bareDb`select metrics.attach('default', 'said')`;

    expect(await cli(["demo", "--force"], { url })).toMatchObject(refused);
    expect(await bareDb`select from conversations`).toHaveLength(0);
  });
});
