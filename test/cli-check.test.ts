import { describe, expect } from "vitest";
import type { Sql } from "../src/database.ts";
import { cli } from "./support/cli.ts";
import { expectNoDrift } from "./support/oracle.ts";
import { populate } from "./support/population.ts";
import { test, until, untilCounted } from "./support/worker.ts";

// What an operator with all rights can do behind the triggers' back.
async function damage(db: Sql): Promise<void> {
  await populate(db);
  await db`update conversation_metrics set prompt_tokens = prompt_tokens + 1 where organization_id = 1 and session_id = 'a'`;
  await db`delete from conversation_metrics where organization_id = 2 and session_id = 'b'`;
}

describe("verify", () => {
  test("exits with 0 where every number is right", async ({ url, db }) => {
    await populate(db);

    expect(await cli(["verify"], { url })).toEqual({ code: 0, stdout: "Every number is right.\n", stderr: "" });
    await expectNoDrift(db);
  });

  test("--quiet prints nothing where every number is right", async ({ url, db }) => {
    await populate(db);

    expect(await cli(["verify", "--quiet"], { url })).toEqual({ code: 0, stdout: "", stderr: "" });
  });

  test("exits with 1 at drift, and shows the stored and the actual value", async ({ url, db }) => {
    await damage(db);
    const [row] =
      await db`select prompt_tokens from conversation_metrics where organization_id = 1 and session_id = 'a'`;
    const actual = Number(row?.prompt_tokens) - 1;

    const { code, stdout, stderr } = await cli(["verify"], { url });

    expect(code).toBe(1);
    expect(stdout).toMatch(new RegExp(`^1 +a +prompt_tokens +${actual + 1} +${actual}$`, "m"));
    expect(stdout).toContain("2 differences in 2 sessions.");
    expect(stderr).toContain("npx conversation-metrics repair");
  });

  test("--json holds every difference", async ({ url, db }) => {
    await damage(db);

    const { code, stdout } = await cli(["verify", "--json", "--limit", "1"], { url });

    const report = JSON.parse(stdout);
    expect(code).toBe(1);
    expect(report).toMatchObject({ count: 2, sessions: 2 });
    expect(report.differences).toHaveLength(2);
    expect(report.differences[0]).toMatchObject({
      organization_id: "1",
      session_id: "a",
      column_name: "prompt_tokens",
    });
  });

  test("--limit shortens the table and counts the rest", async ({ url, db }) => {
    await damage(db);

    const { stdout, stderr } = await cli(["verify", "--limit", "1"], { url });

    expect(stdout).toContain("2 differences in 2 sessions.");
    expect(stdout).not.toMatch(/^2 +b /m);
    expect(stderr).toContain("1 more difference");
  });
});

describe("repair", () => {
  test("heals what differs, says what, and leaves nothing to heal", async ({ url, db }) => {
    await damage(db);

    const first = await cli(["repair"], { url });
    const second = await cli(["repair"], { url });

    expect(first.code).toBe(0);
    expect(first.stdout).toContain("Healed 2 differences in 2 sessions.");
    expect(first.stdout).toMatch(/^1 +a +prompt_tokens /m);
    expect(second.stdout).toBe("Nothing to heal: every number is right.\n");
    await expectNoDrift(db);
  });

  test("--dry-run changes nothing", async ({ url, db }) => {
    await damage(db);

    const { code, stdout } = await cli(["repair", "--dry-run"], { url });

    expect(code).toBe(0);
    expect(stdout).toContain("Would heal 2 differences in 2 sessions.");
    expect((await cli(["verify"], { url })).code).toBe(1);
  });

  test("--json lists what it healed", async ({ url, db }) => {
    await damage(db);

    const { stdout } = await cli(["repair", "--json"], { url });

    expect(JSON.parse(stdout)).toMatchObject({ healed: true, count: 2, sessions: 2 });
    await expectNoDrift(db);
  });
});

describe("doctor", () => {
  test("--quiet prints what is not right, and that alone", async ({ url, db, start }) => {
    const noWorker = await cli(["doctor", "--quiet"], { url });
    await start();
    await until(db, "exists (select from metrics.workers)");
    const right = await cli(["doctor", "--quiet"], { url });

    expect(noWorker.code).toBe(1);
    expect(noWorker.stdout).toMatch(/^FAILED {2}worker: .*\n {8}cure: .*\n$/);
    expect(right).toEqual({ code: 0, stdout: "", stderr: "" });
  });

  test("exits with 0 where nothing is wrong", async ({ start, url, db }) => {
    await populate(db);
    await start();
    await untilCounted(db);

    const { code, stdout } = await cli(["doctor"], { url });

    expect(code).toBe(0);
    expect(stdout).toMatch(/^ok +triggers: /m);
    expect(stdout).toMatch(/^ok +worker: alive: 1 process, last seen \d s ago$/m);
    expect(stdout).toMatch(/^ok +tokens waiting: nothing waits to be counted$/m);
    expect(stdout).toMatch(/^ok +server version: PostgreSQL \d+/m);
    expect(stdout).not.toContain("FAILED");
  });

  test("exits with 1 where a trigger is disabled, and says how to cure it", async ({ url, db }) => {
    await db`alter table conversations disable trigger user`;

    const { code, stdout } = await cli(["doctor"], { url });

    expect(code).toBe(1);
    expect(stdout).toMatch(/^FAILED +triggers: .*conversations.*disabled.*\n +cure: \S+/m);
  });

  test("says that all was dropped, and what brings it back", async ({ url, db }) => {
    await db.unsafe("drop schema public cascade; create schema public");

    const { code, stdout } = await cli(["doctor"], { url });

    expect(code).toBe(1);
    expect(stdout).toMatch(/^FAILED +migrations: .*\n +cure: npx conversation-metrics migrate$/m);
  });

  test("says what of the installation is gone, and so do the others", async ({ url, db }) => {
    await db.unsafe("drop table metrics.messages cascade");

    const { code, stdout, stderr } = await cli(["doctor"], { url });
    const verify = await cli(["verify"], { url });

    expect([code, stderr]).toEqual([1, ""]);
    expect(stdout).toMatch(
      /^FAILED +installation: gone.*metrics\.counted_messages.*\n +cure: npx conversation-metrics migrate/m,
    );
    expect(verify).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("hint: A part of the installation is gone"),
    });
  });

  test("--json lists every check", async ({ url, db }) => {
    await damage(db);

    const { code, stdout } = await cli(["doctor", "--json"], { url });

    const checks = JSON.parse(stdout);
    expect(code).toBe(1);
    expect(checks).toContainEqual(expect.objectContaining({ check_name: "connection", ok: true, cure: null }));
    expect(checks).toContainEqual(expect.objectContaining({ check_name: "drift in a sample", ok: false }));
  });

  test("says that migrations are pending", async ({ bareUrl }) => {
    const { code, stdout } = await cli(["doctor"], { url: bareUrl });

    expect(code).toBe(1);
    expect(stdout).toMatch(/^FAILED +migrations: .*\n +cure: npx conversation-metrics migrate$/m);
  });
});
