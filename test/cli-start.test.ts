import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test as base, describe, expect } from "vitest";
import { connect } from "../src/database.ts";
import { runningEmbedded } from "../src/embedded/running.ts";
import { type CliOptions, cli, finished, said, startCli } from "./support/cli.ts";
import { test as withServer } from "./support/database.ts";
import { expectNoDrift } from "./support/oracle.ts";

/** A folder of its own for each test, with a space in its path; whatever `start` began there ends with it. */
const test = base.extend<{ folder: CliOptions; start: () => ChildProcess }>({
  folder: async ({}, use) => {
    const parent = await mkdtemp(join(tmpdir(), "conversation-metrics cli "));
    // Any free port, so that nothing else on the machine is in the way.
    const port = 20_000 + (process.pid % 20_000);
    await use({ env: { DATA_DIR: join(parent, "my data"), DATABASE_PORT: String(port) } });
    await rm(parent, { recursive: true, force: true });
  },
  start: async ({ folder }, use) => {
    const started: ChildProcess[] = [];
    await use(() => {
      const child = startCli(["start"], folder);
      started.push(child);
      return child;
    });
    for (const child of started.filter(({ exitCode }) => exitCode === null)) {
      child.kill("SIGTERM");
      await once(child, "exit");
    }
  },
});

const urlOf = async ({ env }: CliOptions) => (await runningEmbedded(env?.DATA_DIR ?? "")) ?? "";

describe("start with the embedded server", () => {
  test("says how to connect, keeps the data, and ends cleanly on Ctrl-C", { timeout: 60_000 }, async ({
    folder,
    start,
  }) => {
    const first = start();
    const firstEnd = finished(first);
    const welcome = await said(first, "Ready. Ctrl-C stops it.");
    const url = await urlOf(folder);
    const db = connect(url, { max: 1 });
    await db`insert into conversations (organization_id, session_id, message, response) values (1, 's-1', 'hi', 'hello')`;
    await expectNoDrift(db);
    await db.end();
    const link = /\S+\/login\?code=cm_\S+/.exec(welcome)?.[0] ?? "";
    const signedIn = await fetch(link, { redirect: "manual" });
    const [, secret = ""] = /shown only now:\s+(cm_\S+)/.exec(welcome) ?? [];
    const byKey = await fetch(new URL("/api/session", link), { headers: { authorization: `Bearer ${secret}` } });
    first.kill("SIGINT");
    first.kill("SIGINT");
    const { code, stdout } = await firstEnd;

    const second = start();
    const secondEnd = finished(second);
    const again = await said(second, "Ready. Ctrl-C stops it.");
    const kept = await cli(["session", "s-1", "--json"], folder);
    second.kill("SIGTERM");

    expect([signedIn.status, signedIn.headers.get("location")]).toEqual([303, "/"]);
    expect(await byKey.json()).toMatchObject({ by: "key", scope: "admin", every_organization: true });
    expect(again).not.toContain("shown only now");
    expect(again).toContain("Another key: npx conversation-metrics keys create --help");
    expect(again).toMatch(/\/login\?code=cm_/);
    expect(code).toBe(0);
    expect(stdout.match(/Stopped\./g)).toHaveLength(1);
    expect(welcome).toContain(`npx conversation-metrics sql "select * from conversation_metrics limit 5"`);
    const { password, port } = new URL(url);
    expect(welcome).toContain(`psql "postgres://postgres@127.0.0.1:${port}/conversations"`);
    expect(welcome).toContain("npx conversation-metrics start prints this line with the password");
    expect(again).toContain(`127.0.0.1:${port}/`);
    expect(welcome + again).not.toContain(password);
    expect(JSON.parse(kept.stdout)).toMatchObject({ metrics: { total_messages: 2 } });
    expect((await secondEnd).code).toBe(0);
  });

  test("a second start says that it runs already, and where", { timeout: 60_000 }, async ({ folder, start }) => {
    const first = start();
    const firstEnd = finished(first);
    const welcome = await said(first, "Ready. Ctrl-C stops it.");

    const second = await cli(["start"], folder);
    const link = await cli(["keys", "login"], folder);
    first.kill("SIGINT");
    await firstEnd;
    const without = await cli(["keys", "login"], folder);

    expect(second.code).toBe(0);
    expect(second.stdout).toContain("It runs already");
    const [psql = ""] = /psql ".+"/.exec(welcome) ?? [];
    expect(second.stdout).toContain(psql);
    const [, address = ""] = /HTTP API\n {2}(\S+)\/docs\n/.exec(welcome) ?? [];
    expect(address).not.toBe("");
    expect(second.stdout).toContain(`Dashboard\n  ${address}\n`);
    expect(link.stdout).toContain(`${address}/login?code=`);
    expect(without.stdout).toContain("http://localhost:3000/login?code=");
  });

  test("a server that dies makes it fail, and says where the log is", { timeout: 60_000 }, async ({
    folder,
    start,
  }) => {
    const child = start();
    const end = finished(child);
    await said(child, "Ready. Ctrl-C stops it.");
    const db = connect(await urlOf(folder), { max: 1 });
    const [row] = await db<[{ pid: number }]>`
      select split_part(pg_read_file('postmaster.pid'), e'\\n', 1)::int as pid`;
    process.kill(row.pid, "SIGQUIT");
    await db.end({ timeout: 0 });
    const { code, stderr } = await end;

    expect(code).toBe(1);
    expect(stderr).toMatch(/error: PostgreSQL ended by itself\.\nhint: Its log: .*postgres\.log/);
  });
});

describe("another command with the embedded server", () => {
  test("starts it for as long as it runs; the demo installs too", { timeout: 60_000 }, async ({ folder }) => {
    const before = await cli(["recent"], folder);
    const demo = await cli(["demo", "--sessions", "20"], folder);
    const status = await cli(["status", "--json"], folder);
    const recent = await cli(["recent"], folder);

    expect([before.code, demo.code, recent.code]).toEqual([2, 0, 0]);
    expect(before.stderr).toContain("There is no database");
    expect(JSON.parse(status.stdout)).toMatchObject({ sessions: 20 });
  });

  test("two at once do not end the server under each other", { timeout: 60_000 }, async ({ folder }) => {
    await cli(["migrate"], folder);

    const both = await Promise.all([cli(["sql", "select pg_sleep(1)"], folder), cli(["status"], folder)]);

    expect(both.map(({ code }) => code)).toEqual([0, 0]);
  });
});

describe("start with a server of your own", () => {
  withServer("migrates it, stays, and ends on SIGTERM", async ({ bareUrl, bareDb }) => {
    const child = startCli(["start"], { url: bareUrl });
    const end = finished(child);
    await said(child, "Ready. Ctrl-C stops it.");
    child.kill("SIGTERM");

    expect((await end).code).toBe(0);
    await expectNoDrift(bareDb);
  });

  withServer("with --demo fills it once, and shows the dashboard", { timeout: 60_000 }, async ({ bareUrl, bareDb }) => {
    const run = async () => {
      const child = startCli(["start", "--demo", "--no-worker", "--http-port", "0"], { url: bareUrl });
      const end = finished(child);
      const welcome = await said(child, "Ready. Ctrl-C stops it.");
      const [, address = ""] = /Dashboard\n {2}(\S+)/.exec(welcome) ?? [];
      const page = await (await fetch(address)).text();
      child.kill("SIGTERM");
      await end;
      return { welcome, page };
    };

    const first = await run();
    const again = await run();

    expect(first.welcome).toContain("90 days of demo data: 2,000 sessions");
    expect(first.page).toContain("<title>Conversation metrics</title>");
    expect(again.welcome).toContain("The demo data is there already.");
    expect(await bareDb`select from conversation_metrics`).toHaveLength(2000);
    await expectNoDrift(bareDb);
  });

  withServer("with --demo refuses the tables of an application, and changes nothing", async ({ bareUrl, bareDb }) => {
    await bareDb`create table conversations (id serial primary key, session_id text, message text, created_at timestamptz)`;

    const { code, stderr } = await cli(["start", "--demo"], { url: bareUrl });

    expect(code).toBe(2);
    expect(stderr).toMatch(/error: .*a table conversations already.*\nhint: Unset DATABASE_URL/);
    expect(await bareDb`select from pg_namespace where nspname = 'metrics'`).toHaveLength(0);
  });

  withServer("ends with what it began where a later step fails", async ({ url, db }) => {
    await db`alter table metrics.api_keys rename to elsewhere`;

    const { code, stderr } = await cli(["start", "--http-port", "0"], { url });

    expect(code).toBe(1);
    expect(stderr).toContain("api_keys");
    await expectNoDrift(db);
  });

  withServer("fails where a migration does", async ({ bareUrl, bareDb }) => {
    await bareDb`create table conversation_metrics (id int)`;

    const { code, stderr } = await cli(["start"], { url: bareUrl });

    expect(code).toBe(1);
    expect(stderr).toContain("migrate --replace-existing");
  });
});
