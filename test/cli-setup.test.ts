import { describe, expect } from "vitest";
import { APPLICATION } from "./support/application.ts";
import { cli } from "./support/cli.ts";
import { test } from "./support/database.ts";
import { expectNoDrift } from "./support/oracle.ts";
import { populate } from "./support/population.ts";

describe("migrate", () => {
  test("installs, and then has nothing to do", async ({ bareUrl, bareDb }) => {
    const first = await cli(["migrate"], { url: bareUrl });
    const second = await cli(["migrate"], { url: bareUrl });

    expect(first).toMatchObject({ code: 0, stderr: "" });
    expect(first.stdout).toMatch(/^Ran 0001_\w+\n/);
    expect(second).toMatchObject({ code: 0, stdout: "The database is up to date.\n" });
    await expectNoDrift(bareDb);
  });

  test("--status exits with 1 while a migration is pending, and changes nothing", async ({ bareUrl, bareDb }) => {
    const before = await cli(["migrate", "--status"], { url: bareUrl });
    const schemas = await bareDb`select from pg_namespace where nspname = 'metrics'`;
    await cli(["migrate"], { url: bareUrl });
    const after = await cli(["migrate", "--status", "--json"], { url: bareUrl });

    expect(before.code).toBe(1);
    expect(before.stdout).toMatch(/^0001_\w+ +pending$/m);
    expect(schemas).toHaveLength(0);
    expect(after.code).toBe(0);
    expect(JSON.parse(after.stdout)).toMatchObject({ pending: [] });
  });

  test("refuses a conversation_metrics that is not ours, and says how to go on", async ({ bareUrl, bareDb }) => {
    await bareDb`create table conversation_metrics (id int)`;

    const { code, stderr } = await cli(["migrate"], { url: bareUrl });

    expect(code).toBe(1);
    expect(stderr).toMatch(/^error: .*conversation_metrics.*\nhint: .*migrate --replace-existing/);
  });

  test("--replace-existing says what the old table is called now", async ({ bareUrl, bareDb }) => {
    await bareDb`create table conversation_metrics (id int)`;
    await bareDb`create table conversation_metrics_archive (id int primary key)`;

    const refused = await cli(["migrate"], { url: bareUrl });
    const { code, stdout } = await cli(["migrate", "--replace-existing"], { url: bareUrl });

    expect(refused.stderr).toContain("hint: ");
    expect(code).toBe(0);
    expect(stdout).toContain(
      "The old table public.conversation_metrics_archive is now public.conversation_metrics_archive_old",
    );
    expect(stdout).toContain("The old table public.conversation_metrics is now public.conversation_metrics_old");
    expect(await bareDb`select from conversation_metrics_old`).toHaveLength(0);
  });

  test("--no-backfill leaves the counting to backfill, and says so", async ({ bareUrl, bareDb }) => {
    await bareDb.unsafe(APPLICATION);

    const { stderr } = await cli(["migrate", "--no-backfill"], { url: bareUrl });

    expect(stderr).toContain("Count them: npx conversation-metrics backfill");
    expect(await bareDb`select from conversation_metrics`).toHaveLength(0);
  });
});

// What a check advises.
const advised = ({ stdout, stderr }: { stdout: string; stderr: string }) =>
  new Set([...(stdout + stderr).matchAll(/npx conversation-metrics (backfill|repair)/g)].map(([, command]) => command));

describe("backfill", () => {
  test("is what doctor and verify advise for rows that were never counted, and repair for others", async ({
    bareUrl,
    bareDb,
  }) => {
    await bareDb.unsafe(APPLICATION);
    await cli(["migrate", "--no-backfill"], { url: bareUrl });

    const uncounted = [await cli(["doctor"], { url: bareUrl }), await cli(["verify"], { url: bareUrl })];
    await cli(["backfill"], { url: bareUrl });
    const right = await cli(["verify"], { url: bareUrl });
    await bareDb`update conversation_metrics set user_messages = user_messages + 1`;
    const wrong = [await cli(["doctor"], { url: bareUrl }), await cli(["verify"], { url: bareUrl })];

    expect(uncounted.map(advised)).toEqual([new Set(["backfill"]), new Set(["backfill"])]);
    expect(right.code).toBe(0);
    expect(wrong.map(advised)).toEqual([new Set(["repair"]), new Set(["repair"])]);
  });

  test("counts what was there before, in batches", async ({ bareUrl, bareDb }) => {
    await bareDb.unsafe(APPLICATION);
    await cli(["migrate", "--no-backfill"], { url: bareUrl });

    const { code, stdout } = await cli(["backfill", "--batch-size", "7"], { url: bareUrl });

    expect(code).toBe(0);
    expect(stdout).toMatch(/^messages: \d+ rows seen, 50 counted now$/m);
    expect(stdout).toMatch(/^leads: 1 row seen, 1 counted now$/m);
    await expectNoDrift(bareDb);
  });

  test("again, it counts nothing", async ({ url, db }) => {
    await populate(db);

    const { stdout } = await cli(["backfill", "--json"], { url });

    expect(JSON.parse(stdout)).toMatchObject({
      default: { messages: { counted: 0 }, leads: { counted: 0 }, feedback: { counted: 0 } },
    });
    await expectNoDrift(db);
  });

  test("is exact while others write", async ({ bareUrl, bareDb, bareConnect }) => {
    await bareDb.unsafe(APPLICATION);
    await cli(["migrate", "--no-backfill"], { url: bareUrl });
    const writer = bareConnect();
    let running = true;
    const write = async () => {
      for (let n = 1; running || n < 50; n += 1) {
        await writer`insert into conversations (organization_id, session_id, message) values (1, ${`s${n % 9}`}, 'hi')`;
        await writer`update conversations set response = 'late' where id = ${1 + (n % 50)}`;
      }
    };

    const writing = write();
    const { code } = await cli(["backfill", "--batch-size", "5"], { url: bareUrl });
    running = false;
    await writing;

    expect(code).toBe(0);
    await expectNoDrift(bareDb);
  });

  test("--blocking counts in one pass", async ({ bareUrl, bareDb }) => {
    await bareDb.unsafe(APPLICATION);
    await cli(["migrate", "--no-backfill"], { url: bareUrl });

    const { code, stdout } = await cli(["backfill", "--blocking"], { url: bareUrl });

    expect(code).toBe(0);
    expect(stdout).toMatch(/^All rows are counted/);
    await expectNoDrift(bareDb);
  });
});
