import { describe, expect } from "vitest";
import { generateSessions } from "../src/demo/generate.ts";
import { cli } from "./support/cli.ts";
import { test } from "./support/database.ts";
import { expectNoDrift, metricsOf } from "./support/oracle.ts";

const SMALL = ["demo", "--sessions", "120", "--until", "2025-06-30"];

describe("demo", () => {
  test("writes sessions that are all counted right", async ({ url, db }) => {
    const { code, stdout, stderr } = await cli(SMALL, { url });

    expect(code).toBe(0);
    expect(stdout).toMatch(/^120 sessions with [\d,]+ messages in \d+\.\d s/m);
    expect(stderr).toMatch(/npx conversation-metrics session demo-1-\d+/);
    expect(await db`select from conversation_metrics`).toHaveLength(120);
    await expectNoDrift(db);
  });

  test("the same seed and end give the same metrics", async ({ url, db, bareUrl, bareDb }) => {
    await cli(["migrate"], { url: bareUrl });

    await Promise.all([cli([...SMALL, "--seed", "7"], { url }), cli([...SMALL, "--seed", "7"], { url: bareUrl })]);

    expect(await metricsOf(db)).toEqual(await metricsOf(bareDb));
  });

  test("without a seed a second demo adds other sessions", async ({ url, db }) => {
    await cli(SMALL, { url });
    const { code } = await cli(SMALL, { url });

    expect(code).toBe(0);
    expect(await db`select from conversation_metrics`).toHaveLength(240);
    await expectNoDrift(db);
  });

  test("refuses a seed that is there already", async ({ url }) => {
    await cli([...SMALL, "--seed", "3"], { url });
    const { code, stderr } = await cli([...SMALL, "--seed", "3"], { url });

    expect(code).toBe(2);
    expect(stderr).toContain("error: The sessions of seed 3 are in this database already.");
  });

  test("refuses the tables of an application, and --force writes what they hold", async ({ bareUrl, bareDb }) => {
    await bareDb.unsafe(`create table conversations (id serial primary key, organization_id integer,
      session_id varchar(60) not null, message text, response text, created_at timestamp not null default now())`);
    await cli(["migrate"], { url: bareUrl });

    const refused = await cli(SMALL, { url: bareUrl });
    const forced = await cli([...SMALL, "--force"], { url: bareUrl });

    expect(refused.code).toBe(2);
    expect(refused.stderr).toMatch(/^error: .*tables of an application: conversations.*\nhint: .*--force/);
    expect(forced.code).toBe(0);
    expect(await bareDb`select from conversation_metrics`).toHaveLength(120);
    await expectNoDrift(bareDb);
  });

  test("--json reports by organization", async ({ url }) => {
    const { stdout } = await cli([...SMALL, "--json"], { url });

    const report = JSON.parse(stdout);
    expect(report).toMatchObject({ seed: 1, sessions: 120 });
    expect(report.organizations.length).toBeGreaterThan(3);
  });

  test("hints to migrate a server that has no metrics yet", async ({ bareUrl }) => {
    const { code, stderr } = await cli(SMALL, { url: bareUrl });

    expect(code).toBe(2);
    expect(stderr).toContain("hint: Install them: npx conversation-metrics migrate");
  });
});

describe("the generated sessions", () => {
  const until = new Date("2025-06-30T00:00:00Z");
  const sessions = [...generateSessions({ sessions: 2000, seed: 1, until })];
  const rows = sessions.flatMap((session) => session.rows);

  test("lie within the 90 days", () => {
    const times = rows.map((row) => Date.parse(row.created_at));

    expect(Math.max(...times)).toBeLessThan(until.getTime());
    expect(Math.min(...times)).toBeGreaterThan(until.getTime() - 90 * 86_400_000);
  });

  test("know days and nights, and the end of the week", () => {
    const starts = sessions.flatMap((session) => session.rows.slice(0, 1)).map((row) => new Date(row.created_at));
    const count = (matches: (start: Date) => boolean) => starts.filter(matches).length;

    expect(count((start) => start.getUTCHours() < 6) * 5).toBeLessThan(count((start) => start.getUTCHours() >= 18));
    expect(count((start) => start.getUTCDay() === 0)).toBeLessThan(count((start) => start.getUTCDay() === 2));
  });

  test("hold every way of writing", () => {
    expect(rows.some((row) => row.role === "assistant")).toBe(true);
    expect(rows.some((row) => row.organization_id === null)).toBe(true);
    expect(rows.some((row) => row.response === null && row.role === null)).toBe(true);
    expect(sessions.some((session) => session.streamed)).toBe(true);
    expect(sessions.some((session) => session.feedback?.session_id === null)).toBe(true);
    const early = sessions.some(({ lead, rows: own }) => lead && lead.created_at < (own[0]?.created_at ?? ""));
    expect(early).toBe(true);
  });
});
