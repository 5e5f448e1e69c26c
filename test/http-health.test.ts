import { describe, expect } from "vitest";
import { limits, test } from "./support/http.ts";
import { expectNoDrift } from "./support/oracle.ts";

const NOWHERE = "postgres://nobody@127.0.0.1:1/none";

describe("/healthz", () => {
  test("says that the process lives, also where the database does not, to anybody", async ({ serve }) => {
    const api = await serve({ databaseUrl: NOWHERE, settings: { localAccess: false } });

    const { status, json } = await api.get("/healthz");

    expect([status, json]).toEqual([200, { status: "ok" }]);
  });
});

describe("/readyz", () => {
  test("says that requests are welcome", async ({ serve }) => {
    const api = await serve({ settings: { localAccess: false } });

    const { status, json } = await api.get("/readyz");

    expect([status, json]).toEqual([200, { status: "ok" }]);
  });

  test("says what is missing: the database, its migrations, or that the server is stopping", async ({
    serve,
    bareUrl,
    db,
  }) => {
    const draining = new AbortController();
    const away = await serve({ databaseUrl: NOWHERE });
    const bare = await serve({ databaseUrl: bareUrl });
    const stopping = await serve({ draining: draining.signal });
    const behind = await serve();
    draining.abort();
    await db`delete from metrics.migrations where name = '0003_api_keys'`;

    const replies = await Promise.all([away, bare, stopping, behind].map((api) => api.get("/readyz")));

    expect(replies.map(({ status, json }) => [status, json.code])).toEqual([
      [503, "unavailable"],
      [503, "not_migrated"],
      [503, "stopping"],
      [503, "not_migrated"],
    ]);
    for (const { headers } of replies) expect(headers.get("retry-after")).toBe("1");
    expect((await stopping.get("/api/reports/summary")).status).toBe(200);
  });

  test("gives up on a database that does not answer", async ({ serve, db }) => {
    const api = await serve();
    await api.get("/readyz");
    const holder = await db.reserve();
    await holder`begin`;
    await holder`lock table metrics.migrations in access exclusive mode`;

    const begun = performance.now();
    const { status, json } = await api.get("/readyz");
    await holder`rollback`;
    holder.release();

    expect([status, json.code]).toEqual([503, "unavailable"]);
    expect(performance.now() - begun).toBeLessThan(3000);
  });
});

describe("/metrics", () => {
  const figure = (text: string, series: string) => {
    const line = text.split("\n").find((each) => each.startsWith(`conversation_metrics_${series} `));
    return line === undefined ? undefined : Number(line.split(" ").at(-1));
  };

  test("tells of requests, of what waits to be counted, of workers and checks", async ({ db, serve }) => {
    await db`insert into conversations (session_id, message, created_at) values ('s', 'hi', now()), ('t', 'hi', now())`;
    await db`insert into metrics.token_retries (conversation_id, attempts, retry_at)
      select min(conversation_id), 5, 'infinity' from metrics.messages`;
    await db`insert into metrics.checks (checked_at, sessions, drifted, healed)
      values (to_timestamp(1700000000), 50, 2, 1)`;
    await db`insert into metrics.workers (worker, graphile_ids, seen_at) values ('w', '{}', now() - interval '5 s')`;
    await db`update metrics.rollup_state set rolled_up_at = to_timestamp(1700000001)`;
    await db`insert into metrics.rollup_changes (starts_at) values (to_timestamp(1700000100)), (to_timestamp(1700000100))`;
    const changes = await db`select from metrics.rollup_changes`;
    const api = await serve();
    await api.get("/api/conversations/s?organization=none");
    await api.get("/api/conversations/nobody-of-that-name");
    await api.get("/wp-login.php");

    const { status, text, headers } = await api.get("/metrics");

    const requests = (labels: string) => figure(text, `http_request_duration_seconds_count{${labels}}`);
    expect([status, headers.get("content-type")]).toEqual([200, "text/plain; version=0.0.4; charset=utf-8"]);
    expect(requests('method="GET",route="/api/conversations/:session",status="2xx"')).toBe(1);
    expect(requests('method="GET",route="/api/conversations/:session",status="4xx"')).toBe(1);
    expect(requests('method="GET",route="(none)",status="4xx"')).toBe(1);
    expect(figure(text, "database_up")).toBe(1);
    expect(figure(text, 'messages_waiting{source="default"}')).toBe(1);
    expect(figure(text, 'messages_given_up{source="default"}')).toBe(1);
    expect(figure(text, 'oldest_waiting_seconds{source="default"}')).toBeGreaterThan(0);
    expect(figure(text, 'last_check_timestamp_seconds{source="default"}')).toBe(1_700_000_000);
    expect(figure(text, 'last_check_drifted{source="default"}')).toBe(2);
    expect(figure(text, 'last_check_healed{source="default"}')).toBe(1);
    expect(figure(text, 'last_rollup_timestamp_seconds{source="default"}')).toBe(1_700_000_001);
    expect(figure(text, 'rollup_changes_waiting{source="default"}')).toBe(changes.length);
    expect(changes.length).toBeGreaterThan(2);
    expect(figure(text, "workers_alive")).toBe(1);
    expect(figure(text, "worker_heartbeat_age_seconds")).toBeGreaterThanOrEqual(5);
    expect(text).not.toMatch(/nobody-of-that-name|wp-login|cm_/);
    await expectNoDrift(db);
  });

  test("says that the database is away, and nothing of what it cannot know", async ({ serve }) => {
    const api = await serve({ databaseUrl: NOWHERE });

    const { status, text } = await api.get("/metrics");

    expect([status, figure(text, "database_up")]).toEqual([200, 0]);
    expect(text).not.toMatch(/^conversation_metrics_(messages_waiting|workers_alive)[ {]/m);
  });

  test("asks the database once in a few seconds, however often it is asked", async ({ db, serve }) => {
    const api = await serve();
    await api.get("/metrics");
    await db`insert into conversations (session_id, message) values ('s', 'hi')`;

    const { text } = await api.get("/metrics");

    expect(figure(text, 'messages_waiting{source="default"}')).toBe(0);
  });

  test("lets nobody try keys for longer than the limit of an address", async ({ serve }) => {
    const api = await serve({ settings: { localAccess: false, limits: limits({ reads: 2 }) } });
    const status = async () => (await api.get("/metrics", { authorization: `Bearer cm_${"x".repeat(43)}` })).status;

    expect([await status(), await status(), await status()]).toEqual([401, 401, 429]);
  });

  test("is for admins of all organizations, and for this machine", async ({ serve, keyFor }) => {
    const open = await serve();
    const closed = await serve({ settings: { localAccess: false } });
    const status = async (key: Parameters<typeof keyFor>[0]) =>
      (await closed.get("/metrics", (await keyFor(key)).headers)).status;

    expect((await open.get("/metrics")).status).toBe(200);
    expect((await closed.get("/metrics")).status).toBe(401);
    expect(await status({ scope: "admin", organization: undefined })).toBe(200);
    expect(await status({ scope: "admin", organization: "7" })).toBe(403);
    expect(await status({ scope: "read", organization: undefined })).toBe(403);
    expect(await status({ scope: "write", organization: undefined })).toBe(403);
  });
});
