import { describe, expect } from "vitest";
import type { Sql } from "../src/database.ts";
import { cli } from "./support/cli.ts";
import { test } from "./support/database.ts";

async function twoTenants(db: Sql): Promise<void> {
  await db`insert into leads (organization_id, session_id, name, email) values (1, 's', 'Ada', 'ada@mail.example')`;
  await db`
    insert into conversations (organization_id, session_id, message, response, created_at, responded_at, completion_tokens)
    values
      (1, 's', 'hello there', 'hi', '2025-03-01 10:00:00+00', '2025-03-01 10:00:02+00', 1200),
      (1, 's', 'and now?', null, '2025-03-01 10:05:00+00', null, null),
      (2, 's', 'hello', 'hi', '2025-03-01 10:00:00+00', '2025-03-01 10:00:02+00', null),
      (null, 's', 'hello', 'hi', '2025-03-01 10:00:00+00', '2025-03-01 10:00:02+00', null)`;
  await db`insert into feedback (organization_id, session_id, rating) values (1, 's', 4)`;
}

describe("status", () => {
  test("shows the totals with separators between thousands", async ({ url, db }) => {
    await twoTenants(db);

    const { code, stdout } = await cli(["status"], { url });

    expect(code).toBe(0);
    expect(stdout).toMatch(/^sessions +3 in 3 organizations$/m);
    expect(stdout).toMatch(/^changed +3 sessions in the last 5 minutes$/m);
    expect(stdout).toMatch(/^messages +7 \(4 by users, 3 by the AI\)$/m);
    expect(stdout).toMatch(/^tokens +1,211 \(/m);
  });

  test("--json has raw numbers and the versions", async ({ url, db }) => {
    await twoTenants(db);

    const { stdout } = await cli(["status", "--json"], { url });

    expect(JSON.parse(stdout)).toMatchObject({
      sessions: 3,
      total_messages: 7,
      total_tokens: 1211,
      sessions_with_lead: 1,
      user_satisfaction: 4,
      migrations: { pending: [] },
    });
  });

  test("works on a database without a row", async ({ url }) => {
    const { code, stdout } = await cli(["status"], { url });

    expect(code).toBe(0);
    expect(stdout).toMatch(/^sessions +0 in 0 organizations$/m);
  });
});

describe("recent", () => {
  test("shows the sessions that have just changed", async ({ url, db }) => {
    await twoTenants(db);

    const { code, stdout } = await cli(["recent"], { url });

    expect(code).toBe(0);
    expect(stdout).toMatch(/ 1 +s +3 +1,205 +5 min 0 s +2\.0 s +4\.0 +Ada$/m);
    expect(stdout).toContain("3 sessions changed in the last 5 minutes.");
  });

  test("leaves out what changed before", async ({ url, db }) => {
    await twoTenants(db);
    await db`update conversation_metrics set updated_at = now() - interval '10 minutes' where organization_id = 2`;

    const five = await cli(["recent", "--json"], { url });
    const twenty = await cli(["recent", "--minutes", "20", "--json"], { url });

    expect(JSON.parse(five.stdout)).toHaveLength(2);
    await db`update conversation_metrics set updated_at = now() - interval '2 days' where organization_id = 2`;
    const days = await cli(["recent", "--minutes", "4000"], { url });
    expect(days.stdout.match(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d +2 /gm)).toHaveLength(1);
    expect(days.stdout.match(/^\d\d:\d\d:\d\d +/gm)).toHaveLength(2);
    expect(JSON.parse(twenty.stdout)).toHaveLength(3);
  });

  test("shows those that were archived since, of one source too", async ({ url, db }) => {
    await twoTenants(db);
    await db`update metrics.messages set prompt_source = 'tiktoken', completion_source = 'tiktoken'`;
    await db`update conversation_metrics set estimated_messages = 0`;
    await db`insert into metrics.archive_rules (is_default, archive_after) values (true, '1 day')`;
    const [row] = await db`select metrics.archive_sessions(10) as archived`;

    const { stdout } = await cli(["recent", "--source", "default"], { url });

    expect(row?.archived).toBe(3);
    expect(stdout).toContain("3 sessions changed in the last 5 minutes.");
  });

  test("--limit says how many there are", async ({ url, db }) => {
    await twoTenants(db);

    const { stdout } = await cli(["recent", "--limit", "1"], { url });

    expect(stdout).toContain("3 sessions changed in the last 5 minutes, the latest 1 are shown");
  });

  test("leaves columns out where the terminal is narrow", async ({ url, db }) => {
    await twoTenants(db);

    const { stdout, stderr } = await cli(["recent"], { url, env: { COLUMNS: "50" } });

    const table = stdout.split("\n").slice(0, -2);
    expect(Math.max(...table.map((line) => line.length))).toBeLessThanOrEqual(50);
    expect(table[0]).toContain("tokens");
    expect(stderr).toMatch(/^Too narrow for: .*lead/m);
  });

  test("columns of one name are left out together, and named once", async ({ url, db }) => {
    await twoTenants(db);

    const { stdout, stderr } = await cli(["session", "s", "-o", "1"], { url, env: { COLUMNS: "80" } });

    expect(stderr).toBe("Too narrow for: from, text\n");
    expect(stdout).toMatch(/^id .*prompt {2}completion/m);
  });
});

describe("session", () => {
  test("shows the numbers and the ledger entries that they add up from", async ({ url, db }) => {
    await twoTenants(db);

    const { code, stdout } = await cli(["session", "s", "--organization", "1"], { url });

    expect(code).toBe(0);
    expect(stdout).toMatch(/^tokens +1,205: 5 prompt, 1,200 completion$/m);
    expect(stdout).toMatch(/^1 +2025-03-01 10:00:00\S* +1 +1 +3 +estimate +1,200 +provider +2\.0 s +hello there$/m);
    expect(stdout).toMatch(/^total +2 +1 +5 +1,200 +2\.0 s$/m);
    expect(stdout).toMatch(/^lead +\d+ +the lead$/m);
    expect(stdout).toMatch(/^feedback +\d+ +rating 4$/m);
  });

  test("lists the organizations where several have the session", async ({ url, db }) => {
    await twoTenants(db);

    const { code, stdout, stderr } = await cli(["session", "s"], { url });

    expect(code).toBe(2);
    expect(stdout).toMatch(/^1 +3 /m);
    expect(stdout).toMatch(/^none +2 /m);
    expect(stderr).toContain("error: 3 organizations have a session s.\nhint: ");
  });

  test("--organization none is the session without one", async ({ url, db }) => {
    await twoTenants(db);

    const { stdout } = await cli(["session", "s", "--organization", "none", "--json"], { url });

    expect(JSON.parse(stdout)).toMatchObject({
      metrics: { organization_id: null, session_id: "s", total_messages: 2 },
      messages: [{ conversation_id: 4, user_messages: 1, ai_messages: 1 }],
      leads: [],
      feedback: [],
    });
  });

  test("needs no organization where one alone has it", async ({ url, db }) => {
    await db`insert into conversations (organization_id, session_id, message) values (7, 'only', 'hi')`;

    const { code, stdout } = await cli(["session", "only"], { url });

    expect(code).toBe(0);
    expect(stdout).toMatch(/^session +only, organization 7$/m);
  });

  test("an unknown session is an error with exit code 1", async ({ url }) => {
    const { code, stderr } = await cli(["session", "nobody", "--organization", "3"], { url });

    expect(code).toBe(1);
    expect(stderr).toMatch(/^error: There is no session nobody in organization 3\.\nhint: /);
  });
});
