import { describe, expect } from "vitest";
import type { Worker } from "../src/worker/worker.ts";
import { ATTACHED } from "./support/dashboard.ts";
import { test as base } from "./support/http.ts";
import { expectNoDrift } from "./support/oracle.ts";
import { until, workersOn } from "./support/worker.ts";

const test = base.extend("start", ({ url }, { onCleanup }) => {
  const workers: Worker[] = [];
  onCleanup(async () => {
    await Promise.all(workers.map((worker) => worker.stop()));
  });
  return workersOn(url, (worker) => workers.push(worker));
});

describe("GET /api/status", () => {
  test("says that nobody counts, and since when the oldest message waits", async ({ db, serve }) => {
    const api = await serve();

    const before = await api.get("/api/status");
    await db`insert into conversations (session_id, message) values ('s', 'hello')`;
    const after = await api.get("/api/status");

    expect(before.json).toMatchObject({
      version: expect.stringMatching(/^\d/),
      worker: { alive: 0, seen_at: null },
      waiting_since: null,
      last_check: null,
      last_finding: null,
    });
    expect(Date.parse(after.json.now) - Date.parse(after.json.waiting_since)).toBeLessThan(10_000);
    await expectNoDrift(db);
  });

  test("says that a worker counted all, and what it verified", async ({ db, serve, start }) => {
    await db`insert into conversations (session_id, message) values ('s', 'hello')`;
    await start();
    await until(db, "(select estimated_messages = 0 from conversation_metrics)");
    await db`insert into metrics.checks (sessions, drifted, healed) values (40, 1, 1), (50, 0, 0)`;
    const api = await serve();

    const { json } = await api.get("/api/status");

    expect(json).toMatchObject({
      worker: { alive: 1 },
      waiting_since: null,
      last_check: { sessions: 50, drifted: 0 },
      last_finding: { sessions: 40, drifted: 1, healed: 1 },
    });
    await expectNoDrift(db);
  });

  test("takes a worker that stopped, or was not heard of for 10 seconds, for none", async ({ db, serve }) => {
    await db`insert into metrics.workers (worker, graphile_ids, seen_at, stopped_at) values
      ('here', '{}', now() - interval '5 seconds', null), ('stopped', '{}', now(), now()),
      ('silent', '{}', now() - interval '15 seconds', null)`;
    const api = await serve();

    const { json } = await api.get("/api/status");

    expect(json.worker.alive).toBe(1);
    expect(Date.parse(json.now) - Date.parse(json.worker.seen_at)).toBeLessThan(5000);
  });

  test("does not wait for a message that was given up, only for one that is tried again", async ({ db, serve }) => {
    await db`insert into conversations (id, session_id, message) values (1, 's', 'one')`;
    await db`insert into metrics.token_retries (conversation_id, attempts, retry_at) values (1, 5, 'infinity')`;
    const api = await serve();

    const given = await api.get("/api/status");
    await db`update metrics.token_retries set retry_at = now() + interval '1 minute'`;
    const tried = await api.get("/api/status");

    expect(given.json.waiting_since).toBeNull();
    expect(tried.json.waiting_since).not.toBeNull();
    await expectNoDrift(db);
  });

  test("refuses a source that is not there", async ({ serve }) => {
    const api = await serve();

    const { status, json } = await api.get("/api/status?source=nowhere");

    expect([status, json.code]).toEqual([400, "invalid_filter"]);
  });
});

describe("GET /api/sources", () => {
  test("names the tables that there are, and to a key of an organization its own alone", async ({
    db,
    serve,
    keyFor,
  }) => {
    await db.unsafe(ATTACHED);
    const api = await serve();
    const { headers } = await keyFor({ organization: "1" });

    expect((await api.get("/api/sources")).json).toEqual({ sources: ["default", "support"] });
    expect((await api.get("/api/sources", headers)).json).toEqual({ sources: ["default"] });
    await expectNoDrift(db);
  });
});

describe("GET /api/scope", () => {
  test("lists organizations and widgets, the largest first", async ({ db, serve }) => {
    await db`insert into conversations (organization_id, session_id, widget_id, message, created_at)
      select case when n > 3 then 1 end, 's' || n, n % 2, 'hi', timestamptz '2026-03-01Z' + n * interval '1 h'
      from generate_series(1, 9) as n`;
    const api = await serve();

    const all = await api.get("/api/scope");
    const none = await api.get("/api/scope?organization=none");

    expect(all.json.rows).toEqual([
      row("1", "0", 3, "04", "08"),
      row("1", "1", 3, "05", "09"),
      row(null, "1", 2, "01", "03"),
      row(null, "0", 1, "02", "02"),
    ]);
    expect(none.json.rows).toHaveLength(2);
    await expectNoDrift(db);
  });
});

const row = (
  organization_id: string | null,
  widget_id: string,
  conversations: number,
  first: string,
  last: string,
) => ({
  ...{ organization_id, widget_id, conversations },
  ...{ first: `2026-03-01T${first}:00:00+00:00`, last: `2026-03-01T${last}:00:00+00:00` },
});
