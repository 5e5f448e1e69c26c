import { mkdir, mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pino } from "pino";
import { describe, expect } from "vitest";
import { addSchedule, listSchedules, type NewSchedule } from "../src/report/schedules.ts";
import { sendDue } from "../src/report/send.ts";
import { cli } from "./support/cli.ts";
import { migrated } from "./support/migrated.ts";
import { expectNoDrift } from "./support/oracle.ts";
import { test as base, until } from "./support/worker.ts";

type Hook = { url: string; status: number; calls: { headers: Record<string, unknown>; body: string }[] };

const test = base
  .extend("folder", async ({}, { onCleanup }) => {
    const folder = await mkdtemp(join(tmpdir(), "reports "));
    onCleanup(() => rm(folder, { recursive: true, force: true }));
    return folder;
  })
  .extend("hook", async ({}, { onCleanup }): Promise<Hook> => {
    const hook: Hook = { url: "", status: 204, calls: [] };
    const server = createServer(async (req, res) => {
      const chunks: Buffer[] = [];
      for await (const chunk of req) chunks.push(chunk);
      hook.calls.push({ headers: req.headers, body: Buffer.concat(chunks).toString() });
      res.writeHead(hook.status, hook.status === 302 ? { location: "/elsewhere" } : {}).end();
    });
    await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
    onCleanup(async () => {
      server.closeAllConnections();
      server.close();
    });
    const address = server.address();
    hook.url = `http://127.0.0.1:${typeof address === "object" ? address?.port : 0}/secret-path`;
    return hook;
  });

const schedule = (given: Partial<NewSchedule>): NewSchedule => ({
  ...{ organization: "7", source: "default", time_zone: "UTC", currency: "USD", format: "csv", since: "2026-01" },
  ...{ folder: null, webhook: null },
  ...given,
});

const logging = () => {
  const lines: string[] = [];
  return { lines, log: pino({ base: null }, { write: (line) => lines.push(line) }) };
};

describe("a scheduled report", () => {
  test("is sent once for each month that ended, into its folder, in its zone", async ({ db, folder }) => {
    await db`insert into conversations (organization_id, session_id, message, created_at)
      values (7, 's', 'hi', '2026-02-10 10:00Z')`;
    await addSchedule(db, schedule({ folder }));
    await addSchedule(db, schedule({ folder, organization: null, time_zone: "Asia/Tokyo" }));
    const { log } = logging();

    // In Tokyo April has begun.
    await sendDue(db, log, new Date("2026-03-31T20:00:00Z"));
    const first = (await readdir(folder)).sort();
    await sendDue(db, log, new Date("2026-03-31T21:00:00Z"));

    expect(first).toEqual(["report-7-2026-02.csv", "report-all-2026-02.csv", "report-all-2026-03.csv"]);
    expect((await readdir(folder)).sort()).toEqual(first);
    expect(await readFile(join(folder, "report-7-2026-02.csv"), "utf8")).toMatch(/^2026-02-10,1,1,/m);
    expect((await listSchedules(db)).map(({ sent_month, error }) => [sent_month, error])).toEqual([
      ["2026-02", null],
      ["2026-03", null],
    ]);
    await expectNoDrift(db);
  });

  test("stays in its folder, however its organization is called", async ({ bareDb, bareUrl, folder }) => {
    const db = await migrated(
      { bareDb, bareUrl },
      "create table conversations (id bigint primary key, organization_id text, session_id text, message text, created_at timestamptz)",
    );
    const inner = join(folder, "inner");
    await mkdir(inner);
    for (const organization of ["../up", "a/b", "é 1"])
      await addSchedule(db, schedule({ folder: inner, organization, format: "html" }));

    await sendDue(db, logging().log, new Date("2026-03-05T00:00:00Z"));

    expect(await readdir(folder)).toEqual(["inner"]);
    expect((await readdir(inner)).sort()).toEqual([
      "report-%C3%A9%201-2026-02.html",
      "report-..%2Fup-2026-02.html",
      "report-a%2Fb-2026-02.html",
    ]);
    expect(await readFile(join(inner, "report-..%2Fup-2026-02.html"), "utf8")).toContain("Organization ../up.");
  });

  test("that its webhook does not take is sent again, and keeps no other from being sent", async ({
    db,
    hook,
    folder,
  }) => {
    hook.status = 500;
    await addSchedule(db, schedule({ webhook: hook.url, organization: "none" }));
    await addSchedule(db, schedule({ folder: join(folder, "gone") }));
    await addSchedule(db, schedule({ folder }));
    const { log, lines } = logging();
    const march = new Date("2026-03-05T00:00:00Z");

    await sendDue(db, log, march);
    const failed = await listSchedules(db);
    hook.status = 200;
    await sendDue(db, log, march);

    expect(failed.map(({ sent_month, error }) => [sent_month, error])).toEqual([
      ["2026-01", "The webhook answered with 500."],
      ["2026-01", "It failed with ENOENT."],
      ["2026-02", null],
    ]);
    expect(await readdir(folder)).toEqual(["report-7-2026-02.csv"]);
    expect(hook.calls).toHaveLength(2);
    expect(hook.calls[1]?.headers).toMatchObject({
      "content-type": "text/csv; charset=utf-8",
      "content-disposition": 'attachment; filename="report-none-2026-02.csv"',
      "idempotency-key": expect.stringMatching(/^report-\d+-2026-02$/),
    });
    expect(hook.calls[1]?.body).toMatch(/^day,conversations/);
    expect((await listSchedules(db))[0]).toMatchObject({ sent_month: "2026-02", error: null });
    expect(lines.join("")).not.toContain("secret-path");
  });

  test("goes nowhere but to the address of its webhook", async ({ db, hook }) => {
    hook.status = 302;
    await addSchedule(db, schedule({ webhook: hook.url }));

    await sendDue(db, logging().log, new Date("2026-03-05T00:00:00Z"));

    expect(hook.calls).toHaveLength(1);
    expect(await listSchedules(db)).toMatchObject([
      { sent_month: "2026-01", error: expect.stringMatching(/^It failed with /) },
    ]);
  });

  test("is sent by a worker's job, is listed, and is taken back by the command line", async ({
    db,
    url,
    start,
    folder,
  }) => {
    const place = ["--organization", "8", "--format", "html", "--folder", folder, "--since", "2026-01"];
    const made = await cli(["report", "schedule", ...place], { url });
    await start();

    await db`select graphile_worker.add_job('send_reports')`; // every hour otherwise
    await until(db, "exists (select from metrics.report_schedules where sent_at is not null)");
    const listed = await cli(["report", "schedules"], { url });
    const gone = await cli(["report", "unschedule", "1"], { url });
    const again = await cli(["report", "unschedule", "1"], { url });

    expect(made).toMatchObject({ code: 0, stdout: expect.stringMatching(/^Schedule 1: a worker sends it/) });
    expect(await readdir(folder)).toContain("report-8-2026-02.html");
    expect(listed.stdout).toMatch(/^1 +8 +html +.*reports/m);
    expect([gone.code, again.code]).toEqual([0, 1]);
    await expectNoDrift(db);
  });

  test.for([
    [[], /Give --folder or --webhook/],
    [["--folder", "/tmp", "--webhook", "https://hooks.example"], /Give --folder or --webhook/],
    [["--folder", "/nonexistent/x"], /is no folder here/],
    [["--webhook", "file:///etc/passwd"], /must look like https/],
  ] as const)("needs one place that is there: %j is refused", async ([args, why], { url }) => {
    const { code, stderr } = await cli(["report", "schedule", "--organization", "7", ...args], { url });

    expect(code).toBe(2);
    expect(stderr).toMatch(why);
  });
});
