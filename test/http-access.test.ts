import { describe, expect } from "vitest";
import type { Sql } from "../src/database.ts";
import { type Api, raw, test } from "./support/http.ts";
import { expectNoDrift } from "./support/oracle.ts";

type KeyFor = (key: { organization: string | null | undefined }) => Promise<{ headers: Record<string, string> }>;

const readers = async (keyFor: KeyFor) => ({
  ONE: (await keyFor({ organization: "1" })).headers,
  NONE: (await keyFor({ organization: null })).headers,
  ALL: (await keyFor({ organization: undefined })).headers,
});

const as = (token: string) => ({ authorization: `Bearer ${token}` });

const REPORTS = [
  ...["summary", "conversations", "tokens", "leads", "satisfaction", "response-times", "hours", "model-days"],
  ...["daily", "weekly", "monthly", "export?format=ndjson", "export?format=csv"],
]
  .map((report) => `/api/reports/${report}`)
  .concat("/api/scope");

const write = (db: Sql) => db`
  insert into conversations (organization_id, session_id, widget_id, user_id, message, response, model) values
    (1, 'shared', 111000111, 111000112, 'mine', 'of one', 'model-of-1'), (2, 'shared', 222000222, 222000223, 'theirs', 'of two', 'model-of-2'),
    (2, 'two', 222000222, 222000223, 'theirs', 'of two', 'model-of-2'), (null, 'shared', 333000333, 333000334, 'nobody', 'of none', 'model-of-0')`;

const withParameter = (path: string, parameter: string) => `${path}${path.includes("?") ? "&" : "?"}${parameter}`;

const CROSSINGS = ["organization=2", "organization=none", "organization=%201", "source=support"];

describe("a key", () => {
  test.for(REPORTS)("of an organization reads nothing of another from %s", async (path, { db, serve, keyFor }) => {
    await write(db);
    const { ONE } = await readers(keyFor);
    const api = await serve();

    const own = await api.get(path, ONE);
    const named = await api.get(withParameter(path, "organization=1"), ONE);
    const crossing = await Promise.all(CROSSINGS.map((parameter) => api.get(withParameter(path, parameter), ONE)));
    const twice = await api.get(withParameter(path, "organization=1&organization=2"), ONE);

    expect([own.status, twice.status]).toEqual([200, 400]);
    expect(own.text).not.toMatch(/"two"|222000|333000|model-of-[02]/);
    expect(named.text).toBe(own.text);
    expect(crossing.map(({ status }) => status)).toEqual([403, 403, 403, 403]);
    expect(crossing.map(({ text }) => text).join("")).not.toMatch(/222000|333000|model-of/);
  });

  test("of all reads all, or the organization that it names", async ({ db, serve, keyFor }) => {
    await write(db);
    const { ONE, NONE, ALL } = await readers(keyFor);
    const api = await serve();
    const conversations = async (parameters: string, headers: Record<string, string>) =>
      (await api.get(`/api/reports/summary?${parameters}`, headers)).json.rows[0].conversations;

    expect(await conversations("", ALL)).toBe(4);
    expect(await conversations("organization=2", ALL)).toBe(2);
    expect(await conversations("organization=none", ALL)).toBe(1);
    expect(await conversations("", NONE)).toBe(1);
    expect(await conversations("", ONE)).toBe(1);
  });

  test("of an organization gets its own session where others have one of the same name", async ({
    db,
    serve,
    keyFor,
  }) => {
    await write(db);
    const { ONE, NONE, ALL } = await readers(keyFor);
    const api = await serve();
    const session = (path: string, headers: Record<string, string>) => api.get(`/api/conversations/${path}`, headers);

    const own = await session("shared", ONE);
    const nobodys = await session("shared", NONE);

    expect(own.json).toMatchObject({ organization_id: "1", messages: [{ message: "mine", response: "of one" }] });
    expect(nobodys.json).toMatchObject({ organization_id: null, messages: [{ message: "nobody" }] });
    expect((await session("two", ONE)).status).toBe(404);
    expect((await session("two?organization=2", ONE)).status).toBe(403);
    expect((await session("shared", ALL)).json.code).toBe("organization_needed");
    expect((await session("shared?organization=2", ALL)).json.organization_id).toBe("2");
  });

  test("cannot page into another session", async ({ db, serve, keyFor }) => {
    await write(db);
    const [other] = await db<[{ id: string }]>`select id from conversations where session_id = 'two'`;
    const { ONE } = await readers(keyFor);
    const api = await serve();

    const { status } = await api.get(`/api/conversations/shared?after=${other.id}`, ONE);

    expect(status).toBe(400);
  });

  test("that is wrong opens nothing, also on this machine", async ({ serve, keyFor }) => {
    const { secret } = await keyFor({ organization: undefined });
    const api = await serve();
    const reply = (headers: Record<string, string>) => api.get("/api/reports/summary", headers);
    const status = async (headers: Record<string, string>) => (await reply(headers)).status;

    expect(await status(as(secret))).toBe(200);
    expect(await status(as(""))).toBe(401);
    expect(await status(as(secret.slice(0, -1)))).toBe(401);
    expect(await status(as(`${secret}x`))).toBe(401);
    expect(await status(as(`cm_${"x".repeat(43)}`))).toBe(401);
    expect(await status({ authorization: `Basic ${secret}` })).toBe(401);
    expect((await reply(as("x"))).json.code).toBe("invalid_key");
    expect((await reply(as("x"))).headers.get("www-authenticate")).toBe("Bearer");
    expect(api.lines.join("")).not.toContain(secret.slice(3));
  });

  test("lets do what its scope says, and no more", async ({ db, serve, keyFor }) => {
    const api = await serve();
    const doing = async (scope: "write" | "read" | "admin", organization?: string) => {
      const { headers } = await keyFor({ scope, organization });
      return [
        (await api.get("/api/reports/summary", headers)).status,
        (await api.post("/api/leads", { session_id: "s", name: "Ada" }, headers)).status,
      ];
    };

    expect(await doing("read")).toEqual([200, 403]);
    expect(await doing("write")).toEqual([403, 201]);
    expect(await doing("admin")).toEqual([200, 201]);
    expect(await doing("admin", "7")).toEqual([200, 201]);
    await expectNoDrift(db);
  });
});

const POSTS: [path: string, body: object][] = [
  ["/api/chat", { session_id: "s", message: "hi" }],
  ["/api/leads", { session_id: "s", name: "Ada" }],
  ["/api/feedback", { session_id: "s", rating: 5 }],
];

describe("a key that writes", () => {
  test("writes for its organization and widget alone, also where the post names none", async ({
    db,
    serve,
    keyFor,
  }) => {
    const api = await serve();
    const { headers } = await keyFor({ scope: "write", organization: "7", widget: "3" });
    const first = await api.post("/api/chat", { session_id: "s", message: "hi" }, headers);
    for (const [path, body] of POSTS) {
      const complete = path === "/api/feedback" ? { ...body, conversation_id: first.json.id } : body;
      const own = await api.post(path, complete, headers);
      const named = await api.post(path, { ...complete, organization_id: 7 }, headers);
      const others = await Promise.all(
        [8, "none", "07", { toString: "7" }].map((organization_id) =>
          api.post(path, { ...complete, organization_id }, headers),
        ),
      );

      expect(
        [own.status, named.status].every((status) => status < 300),
        path,
      ).toBe(true);
      expect(others.map(({ status, json }) => [status, json.code])).toEqual(Array(4).fill([403, "other_organization"]));
    }
    const widget = await api.post("/api/chat", { session_id: "s", message: "hi", widget_id: 4 }, headers);

    expect([widget.status, widget.json.code]).toEqual([403, "other_widget"]);
    expect(await db`select distinct organization_id::int, widget_id::int from conversations`).toEqual([
      { organization_id: 7, widget_id: 3 },
    ]);
    expect(await db`select distinct organization_id::int from leads`).toEqual([{ organization_id: 7 }]);
    expect(await db`select distinct organization_id::int from feedback`).toEqual([{ organization_id: 7 }]);
    await expectNoDrift(db);
  });

  test("of no organization writes rows without one, and one of all whatever is named", async ({
    db,
    serve,
    keyFor,
  }) => {
    const api = await serve();
    const none = await keyFor({ scope: "write", organization: null });
    const all = await keyFor({ scope: "write", organization: undefined });
    const lead = { session_id: "s", name: "Ada" };

    const statuses = [
      (await api.post("/api/leads", lead, none.headers)).status,
      (await api.post("/api/leads", { ...lead, organization_id: 8 }, none.headers)).status,
      (await api.post("/api/leads", { ...lead, organization_id: 9 }, all.headers)).status,
    ];

    expect(statuses).toEqual([201, 403, 201]);
    expect(await db`select organization_id::int from leads order by id`).toEqual([
      { organization_id: null },
      { organization_id: 9 },
    ]);
    await expectNoDrift(db);
  });

  test("is of no use to pages of other origins", async ({ db, serve, keyFor }) => {
    const api = await serve({ settings: { widgetOrigins: ["https://shop.example"] } });
    const { headers } = await keyFor({ scope: "write", organization: "7" });
    const status = async (origin: string, extra: Record<string, string> = headers) =>
      (await api.post("/api/leads", { session_id: "s", name: "Ada" }, { ...extra, origin })).status;

    expect(await status("https://shop.example")).toBe(201);
    expect(await status(api.url)).toBe(201);
    expect(await status("https://evil.example")).toBe(403);
    expect(await status("https://shop.example.evil.example")).toBe(403);
    expect(await status("null")).toBe(403);
    expect(await status("https://evil.example", {})).toBe(403);
    await expectNoDrift(db);
  });
});

describe("without a key", () => {
  test("everything is for this machine: not by another's name for it, nor through a proxy", async ({ serve }) => {
    const api: Api = await serve();
    const url = `${api.url}/api/reports/summary`;

    expect(await raw(url, {})).toBe(200);
    expect(await raw(url, { host: "localhost:3000" })).toBe(200);
    expect(await raw(url, { host: "rebound.example" })).toBe(401);
    expect(await raw(url, { "x-forwarded-for": "127.0.0.1" })).toBe(401);
    expect(await raw(url, { forwarded: "for=127.0.0.1" })).toBe(401);
    expect(await raw(url, { "x-forwarded-host": "localhost:3000" })).toBe(401);
    expect(await raw(url, { "x-real-ip": "127.0.0.1" })).toBe(401);
    expect(await raw(url, { via: "1.1 proxy" })).toBe(401);
    expect((await api.post("/api/leads", { session_id: "s", name: "Ada" }, { via: "1.1 proxy" })).status).toBe(401);
  });

  test("nothing is for anybody where this machine is not trusted", async ({ serve }) => {
    const api = await serve({ settings: { localAccess: false } });

    const read = await api.get("/api/reports/summary");
    const write = await api.post("/api/leads", { session_id: "s", name: "Ada" });

    expect([read.status, read.json.code]).toEqual([401, "key_needed"]);
    expect([write.status, write.json.code]).toEqual([401, "key_needed"]);
  });
});
