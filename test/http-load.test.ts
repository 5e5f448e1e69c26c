import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, onTestFinished } from "vitest";
import { connect, type Sql } from "../src/database.ts";
import { startHttp } from "../src/http/server.ts";
import { loadHttpSettings } from "../src/http/settings.ts";
import { createKey } from "../src/keys/store.ts";
import { silentLogger } from "../src/log.ts";
import { migrate } from "../src/migrate.ts";
import { test as withFolder } from "./support/embedded.ts";
import { test } from "./support/http.ts";
import { type HowMuch, type LoadReply, load } from "./support/load.ts";
import { expectNoDrift } from "./support/oracle.ts";

const CONNECTIONS = 24;
const MANY = "1000000";
const SETTINGS = loadHttpSettings({
  PORT: "0",
  ...{ RATE_LIMIT_PER_IP: MANY, RATE_LIMIT_PER_WIDGET: MANY, RATE_LIMIT_PER_KEY: MANY, RATE_LIMIT_READS: MANY },
});

const TENANTS = ["1", "2"];

/** The API on a database, under load of two organizations at once; what each was answered. */
const underLoad = async (databaseUrl: string, db: Sql, much: HowMuch, meanwhile: () => Promise<void>) => {
  const server = await startHttp({ databaseUrl, log: silentLogger, settings: SETTINGS });
  onTestFinished(server.stop);
  const tenants = await Promise.all(
    TENANTS.map(async (organization) => {
      const { secret } = await createKey(db, { kind: "key", name: "load", scope: "admin", organization });
      return { name: `tenant${organization}`, headers: { authorization: `Bearer ${secret}` } };
    }),
  );
  const [first = [], second = []] = await Promise.all([
    ...tenants.map((tenant) => load(server.url, tenant, much, CONNECTIONS)),
    meanwhile(),
  ]).then(([one, two]) => [one, two]);
  return { server, replies: [first, second], tenants };
};

const counted = (replies: LoadReply[]) =>
  Object.groupBy(replies, ({ kind, status, body }) => `${kind} ${status} ${status < 400 ? "" : JSON.parse(body).code}`);

/** That nobody was shown or wrote anything of the other, and that what was answered is stored, once. */
const expectApart = async (db: Sql, replies: LoadReply[][]) => {
  for (const [index, each] of replies.entries()) {
    const other = index === 0 ? "tenant2" : "tenant1";
    expect(each.filter(({ body }) => body.includes(other))).toEqual([]);
  }
  const wrong = await db`
    select session_id from conversations where session_id not like 'tenant' || organization_id || '-%'
    union all select session_id from leads where session_id not like 'tenant' || organization_id || '-%'`;
  expect(wrong).toHaveLength(0);
  const twice = await db`
    select session_id from conversations group by session_id having count(*) > 1
    union all select session_id from leads group by session_id having count(*) > 1`;
  expect(twice).toHaveLength(0);
  const posted = replies.flat().filter(({ kind, status }) => (kind === "chat" || kind === "lead") && status < 300);
  const lost = await db`
    select from unnest(${posted.map(({ session }) => session)}::text[]) as answered (session_id)
    where not exists (select from conversations as c where c.session_id = answered.session_id)
      and not exists (select from leads as l where l.session_id = answered.session_id)`;
  expect(lost).toHaveLength(0);
};

describe("at saturation", () => {
  test("every request is answered, and two organizations see and write nothing of each other", {
    timeout: 60_000,
  }, async ({ db, url }) => {
    const { replies } = await underLoad(url, db, { requests: 400 }, async () => {});

    const all = replies.flat();
    expect(Object.keys(counted(all)).toSorted()).toEqual([
      "chat 200 ",
      "lead 201 ",
      "list 200 ",
      "report 200 ",
      "session 200 ",
    ]);
    expect(all).toHaveLength(800);
    await expectApart(db, replies);
    await expectNoDrift(db);
  });
});

describe("with the database restarted in the middle", () => {
  withFolder.for([
    ["in good order", "SIGINT"],
    ["by a crash", "SIGQUIT"],
  ] as const)(
    "%s, who asks waits, and no post is stored twice",
    { timeout: 90_000 },
    async ([, signal], { folder, start }) => {
      const first = await start(folder);
      await migrate({ databaseUrl: first.url });
      const before = connect(first.url, { max: 1 });
      onTestFinished(() => before.end({ timeout: 0 }));

      const { server, replies, tenants } = await underLoad(first.url, before, { seconds: 8 }, async () => {
        await sleep(2000);
        process.kill(first.pid, signal);
        await first.exited;
        await start(folder, { port: first.port });
      });
      const after = connect(first.url);
      onTestFinished(() => after.end({ timeout: 0 }));

      const all = replies.flat();
      // What was cut off in the very moment of its commit, and nothing else; it may then be missing where it is asked for.
      const unknown = all.filter(({ kind, body }) => kind !== "session" && body.includes('"outcome_unknown"'));
      const sessions = new Set(unknown.map(({ session }) => session));
      const missing = ({ kind, status, session }: LoadReply) =>
        kind === "session" && status === 404 && sessions.has(session);
      const failed = all.filter((reply) => reply.status >= 300 && !unknown.includes(reply) && !missing(reply));
      expect(counted(failed)).toEqual({});
      expect(unknown.filter(({ status, retryAfter }) => status !== 503 || retryAfter === undefined)).toEqual([]);
      // No more than there are connections that write.
      expect(unknown.length).toBeLessThanOrEqual(8);
      expect(all.length).toBeGreaterThan(200);
      const ready = await fetch(`${server.url}/readyz`);
      const report = await fetch(`${server.url}/api/reports/summary`, tenants[0]);
      expect([ready.status, report.status]).toEqual([200, 200]);
      await expectApart(after, replies);
      await expectNoDrift(after);
    },
  );

  withFolder(
    "for good, it is told at once, and served again when the database is back",
    { timeout: 90_000 },
    async ({ folder, start }) => {
      const first = await start(folder);
      await migrate({ databaseUrl: first.url });
      const server = await startHttp({
        databaseUrl: first.url,
        log: silentLogger,
        settings: { ...SETTINGS, app: { ...SETTINGS.app, localAccess: true } },
      });
      onTestFinished(server.stop);
      const summary = () => fetch(`${server.url}/api/reports/summary`);
      expect((await summary()).status).toBe(200);

      await first.stop();
      const waited = await summary();
      const begun = performance.now();
      const told = await summary();
      const took = performance.now() - begun;
      const ready = await fetch(`${server.url}/readyz`);
      await start(folder, { port: first.port });
      const back = await summary();

      expect([waited.status, told.status, ready.status]).toEqual([503, 503, 503]);
      expect(await told.json()).toMatchObject({ code: "unavailable" });
      expect(told.headers.get("retry-after")).toBe("1");
      expect(took).toBeLessThan(1000);
      expect(back.status).toBe(200);
    },
  );
});
