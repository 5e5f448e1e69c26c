import { connect as connectSocket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect } from "vitest";
import type { Sql } from "../src/database.ts";
import { CommitLost, OUTCOME_UNKNOWN, outcomeOf } from "../src/http/outcome.ts";
import { createPatience, noPatience } from "../src/http/patience.ts";
import { silentLogger } from "../src/log.ts";
import { createPool } from "../src/worker/pool.ts";
import { cuttingProxy } from "./support/cutting-proxy.ts";
import { streams } from "./support/fake-service.ts";
import { asking, defaults, eventsIn, limits, raw, test } from "./support/http.ts";
import { expectNoDrift } from "./support/oracle.ts";

const PATIENT = { timeout: 10_000 };
const QUESTION = { message: "hi", session_id: "s" };

describe("every answer", () => {
  test("has an id that the log has too, and headers that keep it from being misused", async ({ serve }) => {
    const api = await serve();

    const own = await api.get("/api/nothing", { "x-request-id": "abc-12345678" });
    const other = await api.get("/api/nothing", { "x-request-id": "<script>" });

    expect(own.headers.get("x-request-id")).toBe("abc-12345678");
    expect(other.headers.get("x-request-id")).toMatch(/^[0-9a-f-]{36}$/);
    expect(api.lines.join("")).toContain('"request_id":"abc-12345678"');
    expect(own.headers.get("content-security-policy")).toMatch(/^default-src 'none'/);
    expect(own.headers.get("x-content-type-options")).toBe("nosniff");
    expect(own.headers.get("x-powered-by")).toBeNull();
  });

  test("that is a problem is one of RFC 9457", async ({ serve }) => {
    const api = await serve();
    const replies = await Promise.all([
      api.get("/nothing"),
      api.get("/api/chat"),
      api.post("/api/chat", '{"message": '),
      api.post("/api/chat", QUESTION, { "content-type": "text/plain" }),
      api.post("/api/chat", { ...QUESTION, message: "x".repeat(200_000) }),
      api.post("/api/chat", { ...QUESTION, message: "x".repeat(20_000) }),
      api.post("/api/chat", JSON.stringify(QUESTION), { "content-type": "application/json; charset=iso-8859-1" }),
      api.post("/api/chat", []),
      api.get("/api/conversations/%E0%A4%A"),
      api.get("/api/reports/summary?frm=2026-01-01"),
    ]);

    expect(replies.map(({ status, json }) => [status, json.code])).toEqual([
      [404, "no_route"],
      [405, "wrong_method"],
      [400, "malformed_request"],
      [415, "unsupported_media"],
      [413, "too_large"],
      [400, "invalid_request"],
      [415, "unsupported_media"],
      [400, "invalid_request"],
      [400, "malformed_request"],
      [400, "invalid_request"],
    ]);
    for (const { json, headers, status } of replies) {
      expect(headers.get("content-type")).toBe("application/problem+json; charset=utf-8");
      expect(json).toMatchObject({ type: "about:blank", status, request_id: headers.get("x-request-id") });
      expect(typeof json.detail).toBe("string");
    }
    expect(replies[1]?.headers.get("allow")).toBe("POST");
  });

  test("when the database is away is a 503 that tells nothing of it", async ({ serve }) => {
    const databaseUrl = "postgres://nobody:hidden-password@127.0.0.1:1/none";
    const api = await serve({ databaseUrl });

    const { status, json, headers, text } = await api.post("/api/chat", QUESTION);

    expect([status, json.code, headers.get("retry-after")]).toEqual([503, "unavailable", "1"]);
    expect(text + api.lines.join("")).not.toMatch(/nobody|hidden|ECONN.*127/);
  });

  test("to a defect of ours shows nothing of it, and the log no value", async ({ db, serve }) => {
    await db`alter table conversations add constraint no_secrets check (message <> 'my secret text')`;
    const api = await serve();

    const { status, json, text } = await api.post("/api/chat", { ...QUESTION, message: "my secret text" });

    expect([status, json.code, json.detail]).toEqual([500, "internal", "Something went wrong here."]);
    expect(text).not.toMatch(/secret|constraint/);
    expect(api.lines.join("")).toContain("no_secrets");
    expect(api.lines.join("")).not.toContain("secret text");
  });
});

describe("the log", () => {
  test("has a line for a request: its route, no text, no id of a session, no address", async ({ db, serve }) => {
    const api = await serve();
    await api.post("/api/chat", { message: "a private text", session_id: "private-session" });
    await api.get("/api/conversations/private-session");
    await api.get("/api/reports/conversations?user=private@mail.example");

    const log = api.lines.join("");
    expect(log).not.toContain("private");
    expect(
      api.lines.map((line) => JSON.parse(line)).map(({ method, route, status }) => [method, route, status]),
    ).toEqual([
      ["POST", "/api/chat", 200],
      ["GET", "/api/conversations/:session", 200],
      ["GET", "/api/reports/conversations", 200],
    ]);
    await expectNoDrift(db);
  });
});

describe("limits", () => {
  test("of posts hold for an address and for a widget, and say when to come back", async ({ serve }) => {
    const perIp = await serve({ settings: { limits: limits({ perIp: 3 }) } });
    const perWidget = await serve({ settings: { limits: limits({ perWidget: 2 }) } });
    const lead = (widget_id: number) => ({ session_id: "s", name: "Ada", widget_id });

    const byIp = [];
    for (let n = 0; n < 5; n += 1) byIp.push(await perIp.post("/api/leads", lead(n)));
    const byWidget = [];
    for (const widget of [1, 1, 1, 2]) byWidget.push(await perWidget.post("/api/leads", lead(widget)));

    expect(byIp.map(({ status }) => status)).toEqual([201, 201, 201, 429, 429]);
    expect(byWidget.map(({ status }) => status)).toEqual([201, 201, 429, 201]);
    expect(byIp[3]?.json).toMatchObject({ code: "too_many_requests", status: 429 });
    expect(Number(byIp[3]?.headers.get("retry-after"))).toBeGreaterThan(0);
    expect((await perIp.get("/api/reports/summary")).status).toBe(200);
  });

  test("of one widget do not hold for another organization's widget of the same id", async ({ serve }) => {
    const api = await serve({ settings: { limits: limits({ perWidget: 1 }) } });
    const status = async (organization_id: number | undefined) =>
      (await api.post("/api/leads", { session_id: "s", name: "Ada", widget_id: 1, organization_id })).status;

    expect([await status(1), await status(1), await status(2), await status(undefined)]).toEqual([201, 429, 201, 201]);
  });

  test("do not believe an address that the caller makes up", async ({ serve, keyFor }) => {
    const { headers } = await keyFor({ scope: "write" });
    const api = await serve({ settings: { limits: limits({ perIp: 1 }) } });
    const lead = { session_id: "s", name: "Ada" };

    await api.post("/api/leads", lead, { ...headers, "x-forwarded-for": "1.1.1.1" });
    const { status } = await api.post("/api/leads", lead, { ...headers, "x-forwarded-for": "2.2.2.2" });

    expect(status).toBe(429);
  });
});

test("believes as many proxies as it is told of", async ({ serve, keyFor }) => {
  const { headers } = await keyFor({ scope: "write" });
  const api = await serve({ settings: { trustProxy: 1, limits: limits({ perIp: 1 }) } });
  const lead = { session_id: "s", name: "Ada" };
  const status = async (forwarded: string) =>
    (await api.post("/api/leads", lead, { ...headers, "x-forwarded-for": forwarded })).status;

  expect(await status("1.1.1.1")).toBe(201);
  expect(await status("2.2.2.2")).toBe(201);
  expect(await status("3.3.3.3, 2.2.2.2")).toBe(429);
});

test("counts the addresses of an IPv6 /56 as one, and what is no address as the proxy's", async ({ serve, keyFor }) => {
  const { headers } = await keyFor({ scope: "write" });
  const api = await serve({ settings: { trustProxy: 1, limits: limits({ perIp: 1 }) } });
  const status = async (forwarded: string) =>
    (await api.post("/api/leads", { session_id: "s", name: "Ada" }, { ...headers, "x-forwarded-for": forwarded }))
      .status;

  expect(await status("2001:db8:0:7700::1")).toBe(201);
  expect(await status("2001:db8:0:77ff::2")).toBe(429);
  expect(await status("2001:db8:0:7800::1")).toBe(201);
  expect(await status("nobody")).toBe(201);
  expect(await status("somebody")).toBe(429);
});

describe("patience", () => {
  test("is as long at each time that the database is away", async () => {
    const patience = createPatience(400, new AbortController().signal);
    const away = Object.assign(new Error("away"), { code: "57P01" });
    const awayFor = (ms: number) => {
      const end = performance.now() + ms;
      return patience(async () => {
        if (performance.now() < end) throw away;
        return "there";
      });
    };

    expect(await awayFor(150)).toBe("there");
    await sleep(500);
    expect(await awayFor(150)).toBe("there");
    await expect(awayFor(10_000)).rejects.toBe(away);
    await expect(
      patience(async () => {
        throw new Error("another");
      }),
    ).rejects.toThrow("another");
  });
});

test("a transaction that the server knows nothing of was not committed, and may be done again", async ({ url }) => {
  const pool = createPool(url, 1, silentLogger);
  const cause = new Error("lost");
  const lost = new CommitLost("lost at the commit", { cause });
  const { rows } = await pool.query<{ next: string; own: string }>(
    "select (pg_snapshot_xmax(pg_current_snapshot())::text::numeric + 1000000000)::text as next, pg_current_xact_id()::text as own",
  );

  const [coming, committed] = await Promise.all(
    [rows[0]?.next, rows[0]?.own].map((xid) => outcomeOf(pool, noPatience, xid ?? "", lost)),
  ).finally(() => pool.end());

  expect(coming).toBe(cause);
  expect(committed).toMatchObject({ code: OUTCOME_UNKNOWN, cause });
});

describe("a database that cuts its connections", () => {
  const cut = (db: Sql) => db`select pg_terminate_backend(pid) from pg_stat_activity
    where datname = current_database() and pid <> pg_backend_pid() and backend_type = 'client backend'`;

  const lockWaiters = "datname = current_database() and wait_event_type = 'Lock'";

  test("is asked again, also for what was under way, which is stored once", async ({ db, serve }) => {
    const api = await serve();
    await api.post("/api/chat", QUESTION);
    const holder = await db.reserve();
    await holder`begin`;
    await holder`lock table conversations in exclusive mode`;
    const waiting = api.post("/api/chat", QUESTION);
    // Not in the holder's transaction, which sees all of this as it was at first.
    const waiters = () => db.unsafe(`select pid from pg_stat_activity where ${lockWaiters}`);
    await expect.poll(async () => (await waiters()).length, PATIENT).toBe(1);
    const [first] = await waiters();

    await db.unsafe(`select pg_terminate_backend(pid) from pg_stat_activity where ${lockWaiters}`);
    await expect.poll(async () => (await waiters())[0]?.pid ?? first?.pid, PATIENT).not.toBe(first?.pid);
    await holder`rollback`;
    holder.release();

    expect((await waiting).status).toBe(200);
    await cut(db);
    await expect.poll(async () => (await api.post("/api/chat", QUESTION)).status).toBe(200);
    expect((await api.get("/api/reports/summary")).status).toBe(200);
    expect(await db`select from conversations`).toHaveLength(3);
    await expectNoDrift(db);
  });

  test("at the commit is asked what became of it, and what was not stored is stored then", async ({ db, serve }) => {
    const api = await serve();
    await api.post("/api/chat", QUESTION);
    // Checked at the commit, which waits there.
    await db.unsafe(`
      create function wait_at_commit() returns trigger language plpgsql as $$
        begin perform pg_advisory_xact_lock(7); return null; end $$;
      create constraint trigger wait_at_commit after insert on leads deferrable initially deferred
        for each row execute function wait_at_commit()`);
    const holder = await db.reserve();
    await holder`select pg_advisory_lock(7)`;
    const waiting = api.post("/api/leads", { session_id: "s", name: "Ada" });
    const waiters = () => db.unsafe(`select pid from pg_stat_activity where ${lockWaiters}`);
    await expect.poll(async () => (await waiters()).length, PATIENT).toBe(1);

    await db.unsafe(`select pg_terminate_backend(pid) from pg_stat_activity where ${lockWaiters}`);
    await holder`select pg_advisory_unlock(7)`;
    holder.release();

    expect((await waiting).status).toBe(201);
    expect(await db`select from leads`).toHaveLength(1);
    await expectNoDrift(db);
  });

  test("after the commit leaves it open, and stores nothing twice", async ({ db, serve, url }) => {
    const proxy = await cuttingProxy(url);
    const api = await serve({ databaseUrl: proxy.url });
    await api.post("/api/chat", QUESTION);

    proxy.cutAtCommit();
    const { status, json, headers } = await api.post("/api/leads", { session_id: "s", name: "Ada" });

    expect([status, json.code, headers.get("retry-after")]).toEqual([503, "outcome_unknown", "1"]);
    expect(await db`select from leads`).toHaveLength(1);
    await proxy.close();
    await expectNoDrift(db);
  });

  test("does not lose the answer that is under way", async ({ db, serve, service }) => {
    service.next(streams(Array(10).fill("word "), 50));
    const api = await serve({ answerer: asking(service) });
    const answer = api.post("/api/chat", QUESTION, { accept: "text/event-stream" });
    await expect.poll(() => service.asked.length).toBe(1);
    await cut(db);

    expect(eventsIn((await answer).text).at(-1)).toMatchObject({ event: "done" });
    expect(await db`select length(response) from conversations`).toEqual([{ length: 50 }]);
    await expectNoDrift(db);
  });
});

describe("browsers", () => {
  const origin = "https://shop.example";

  const preflight = (url: string, from: string, method = "POST", headers = "authorization,content-type") =>
    fetch(url, {
      method: "OPTIONS",
      headers: { origin: from, "access-control-request-method": method, "access-control-request-headers": headers },
    });

  test("may post from the widget's origins, and read from none", async ({ serve }) => {
    const api = await serve({ settings: { ...defaults(), widgetOrigins: [origin] } });
    const allowed = async (path: string, from: string, method?: string) =>
      (await preflight(api.url + path, from, method)).headers.get("access-control-allow-origin");

    expect(await allowed("/api/chat", origin)).toBe(origin);
    expect(await allowed("/api/leads", "https://evil.example")).toBeNull();
    expect(await allowed("/api/feedback", `${origin}.evil.example`)).toBeNull();
    for (const path of ["/api/reports/summary", "/api/session", "/login", "/metrics"]) {
      expect(await allowed(path, origin, "GET"), path).toBeNull();
    }
    expect(await allowed("/api/session/end", origin)).toBeNull();
    expect((await api.post("/api/chat", QUESTION, { origin })).headers.get("access-control-allow-origin")).toBe(origin);
    expect((await api.get("/api/reports/summary", { origin })).headers.get("access-control-allow-origin")).toBeNull();
  });

  test("may send a key, but no cookie, and need none to ask whether they may", async ({ serve, keyFor }) => {
    const api = await serve({ settings: { ...defaults(), localAccess: false, widgetOrigins: [origin] } });
    const { headers } = await keyFor({ scope: "write", organization: "7" });

    const asked = await preflight(`${api.url}/api/chat`, origin);
    const answer = await api.post("/api/chat", QUESTION, { ...headers, origin });
    const refused = await api.post("/api/chat", QUESTION, { origin });

    expect(asked.status).toBe(204);
    expect(asked.headers.get("access-control-allow-headers")).toBe("authorization,content-type,x-request-id");
    expect(asked.headers.get("access-control-allow-methods")).toBe("POST");
    expect(asked.headers.get("access-control-allow-credentials")).toBeNull();
    expect(asked.headers.get("vary")).toContain("Origin");
    expect(answer.status).toBe(200);
    expect(answer.headers.get("access-control-expose-headers")).toContain("retry-after");
    // A page must be able to read why not.
    expect([refused.status, refused.headers.get("access-control-allow-origin")]).toEqual([401, origin]);
  });

  test("get nothing across origins where none is configured", async ({ serve }) => {
    const api = await serve();

    const { headers } = await api.post("/api/chat", QUESTION, { origin });

    expect(headers.get("access-control-allow-origin")).toBeNull();
  });
});

describe("reading", () => {
  test("again what did not change is a 304", async ({ serve }) => {
    const api = await serve();
    const first = await api.get("/api/reports/summary?from=2026-01-01&to=2026-02-01");
    const etag = first.headers.get("etag") ?? "";

    const again = await raw(`${api.url}/api/reports/summary?from=2026-01-01&to=2026-02-01`, { "if-none-match": etag });

    expect(again).toBe(304);
    expect(first.headers.get("cache-control")).toBe("private, no-cache");
    expect(first.headers.get("vary")).toContain("Authorization");
  });
});

test("a request that never ends its body does not hold the server", async ({ serve }) => {
  const api = await serve();
  const { port, hostname } = new URL(api.url);
  const socket = connectSocket(Number(port), hostname);
  socket.write(
    "POST /api/chat HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{",
  );
  await expect.poll(async () => (await api.get("/openapi.json")).status).toBe(200);
  socket.destroy();

  await expect.poll(() => api.lines.some((line) => line.includes('"finished":false'))).toBe(true);
});
