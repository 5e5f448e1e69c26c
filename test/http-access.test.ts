import { describe, expect } from "vitest";
import type { Sql } from "../src/database.ts";
import { loadHttpSettings } from "../src/http/settings.ts";
import { type Api, raw, test } from "./support/http.ts";

const TOKENS =
  "1=token-of-organization-1, 2=token-of-organization-2, none=token-of-no-organization, *=token-of-everything";

const { tokens } = loadHttpSettings({ API_TOKENS: TOKENS }).app;
const as = (token: string) => ({ authorization: `Bearer ${token}` });
const ONE = as("token-of-organization-1");
const NONE = as("token-of-no-organization");
const ALL = as("token-of-everything");

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

describe("a token", () => {
  test.for(REPORTS)("of an organization reads nothing of another from %s", async (path, { db, serve }) => {
    await write(db);
    const api = await serve({ settings: { tokens } });

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

  test("of all reads all, or the organization that it names", async ({ db, serve }) => {
    await write(db);
    const api = await serve({ settings: { tokens } });
    const conversations = async (parameters: string, headers: Record<string, string>) =>
      (await api.get(`/api/reports/summary?${parameters}`, headers)).json.rows[0].conversations;

    expect(await conversations("", ALL)).toBe(4);
    expect(await conversations("organization=2", ALL)).toBe(2);
    expect(await conversations("organization=none", ALL)).toBe(1);
    expect(await conversations("", NONE)).toBe(1);
    expect(await conversations("", ONE)).toBe(1);
  });

  test("of an organization gets its own session where others have one of the same name", async ({ db, serve }) => {
    await write(db);
    const api = await serve({ settings: { tokens } });
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

  test("cannot page into another session", async ({ db, serve }) => {
    await write(db);
    const [other] = await db<[{ id: string }]>`select id from conversations where session_id = 'two'`;
    const api = await serve({ settings: { tokens } });

    const { status } = await api.get(`/api/conversations/shared?after=${other.id}`, ONE);

    expect(status).toBe(400);
  });

  test("is needed once one is configured, also on this machine", async ({ serve }) => {
    const api = await serve({ settings: { tokens } });
    const status = async (headers: Record<string, string>) => (await api.get("/api/reports/summary", headers)).status;

    expect(await status({})).toBe(401);
    expect(await status(as(""))).toBe(401);
    expect(await status(as("token-of-organization-"))).toBe(401);
    expect(await status(as("token-of-organization-1x"))).toBe(401);
    expect(await status({ authorization: "Basic token-of-organization-1" })).toBe(401);
    expect(await status(as("token-of-organization-1"))).toBe(200);
    expect((await api.get("/api/conversations/s")).headers.get("www-authenticate")).toBe("Bearer");
    expect(api.lines.join("")).not.toContain("token-of");
  });
});

describe("without any token configured", () => {
  test("reading is for this machine: not by another's name for it, nor through a proxy", async ({ serve }) => {
    const api: Api = await serve();
    const url = `${api.url}/api/reports/summary`;

    expect(await raw(url, {})).toBe(200);
    expect(await raw(url, { host: "localhost:3000" })).toBe(200);
    expect(await raw(url, { host: "rebound.example" })).toBe(401);
    expect(await raw(url, { "x-forwarded-for": "127.0.0.1" })).toBe(401);
    expect(await raw(url, { forwarded: "for=127.0.0.1" })).toBe(401);
    expect(await raw(url, { via: "1.1 proxy" })).toBe(401);
  });
});

test.for([
  ["API_TOKEN", "short"],
  ["API_TOKENS", "no-organization-here"],
  ["API_TOKENS", "1=short"],
] as const)("%s=%s is refused, without repeating it", ([name, value]) => {
  const load = () => loadHttpSettings({ [name]: value });

  expect(load).toThrow(name);
  expect(load).not.toThrow(value);
});
