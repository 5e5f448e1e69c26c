import { describe, expect } from "vitest";
import type { Sql } from "../src/database.ts";
import { createLoginLink } from "../src/keys/login.ts";
import { listKeys } from "../src/keys/store.ts";
import type { Api } from "./support/http.ts";
import { test } from "./support/http.ts";
import { expectNoDrift } from "./support/oracle.ts";

const open = (link: string, headers: Record<string, string> = {}) => fetch(link, { redirect: "manual", headers });

const signIn = async (db: Sql, api: Api, purpose?: Parameters<typeof createLoginLink>[2]) => {
  const response = await open(await createLoginLink(db, api.url, purpose));
  const given = response.headers.get("set-cookie") ?? "";
  return { response, given, cookie: given.split(";")[0] ?? "" };
};

const BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8";

const noKeyless = { settings: { localAccess: false } };

describe("a sign-in link", () => {
  test("gives a browser a session that reads everything, by a cookie that neither scripts nor other sites have", async ({
    db,
    serve,
  }) => {
    const api = await serve(noKeyless);

    const { response, given, cookie } = await signIn(db, api);

    expect([response.status, response.headers.get("location")]).toEqual([303, "/"]);
    expect(given).toMatch(/; Path=\/; Expires=.*; HttpOnly; SameSite=Strict$/);
    expect(response.headers.get("cache-control")).toBe("no-store");
    expect((await api.get("/api/reports/summary")).status).toBe(401);
    expect((await api.get("/api/reports/summary", { cookie })).status).toBe(200);
    expect((await api.get("/api/session", { cookie: `a=b; ${cookie}; c=d` })).json).toMatchObject({
      by: "session",
      scope: "admin",
      every_organization: true,
    });
    expect(api.lines.join("")).not.toContain("cm_");
  });

  test("works once, also where two open it at once, and not by looking ahead", async ({ db, serve }) => {
    const api = await serve(noKeyless);
    const link = await createLoginLink(db, api.url);

    await fetch(link, { method: "HEAD", redirect: "manual" });
    await open(link, { "sec-purpose": "prefetch;prerender" });
    const both = await Promise.all([open(link), open(link)]);
    const late = await open(link);
    const cookie =
      both
        .find(({ status }) => status === 303)
        ?.headers.get("set-cookie")
        ?.split(";")[0] ?? "";
    const again = await open(link, { cookie });

    expect(both.map(({ status }) => status).toSorted()).toEqual([303, 401]);
    expect(late.status).toBe(401);
    expect(await late.json()).toMatchObject({ code: "invalid_code", detail: expect.stringContaining("keys login") });
    expect([again.status, again.headers.get("set-cookie")]).toEqual([303, null]);
    expect(await db`select from metrics.api_keys where kind = 'session'`).toHaveLength(1);
  });

  test("that was used tells a browser by a page what helps, and any other program by JSON", async ({ db, serve }) => {
    const api = await serve(noKeyless);
    const link = await createLoginLink(db, api.url);
    await open(link);

    const page = await open(link, { accept: BROWSER });
    const programs = await Promise.all(["*/*", "application/json"].map((accept) => open(link, { accept })));

    expect([page.status, page.headers.get("content-type")]).toEqual([401, "text/html; charset=utf-8"]);
    expect(page.headers.get("content-security-policy")).toMatch(/^default-src 'none';style-src 'self';/);
    const text = await page.text();
    expect(text).toContain("The link was used already, or is too old. Another: npx conversation-metrics keys login");
    expect(text).not.toMatch(/<script|<style| style=/);
    for (const { status, headers } of programs) {
      expect([status, headers.get("content-type")]).toEqual([401, "application/problem+json; charset=utf-8"]);
    }
  });

  test("ends after a while, and so does the session; keys that ended stay listed", async ({ db, serve, keyFor }) => {
    const api = await serve(noKeyless);
    const old = await createLoginLink(db, api.url);
    await db`update metrics.api_keys set expires_at = clock_timestamp() - interval '1 second'`;

    expect((await open(old)).status).toBe(401);
    const { cookie } = await signIn(db, api);
    await db`update metrics.api_keys set expires_at = clock_timestamp() - interval '1 second'`;
    expect((await api.get("/api/session", { cookie })).status).toBe(401);
    await keyFor({ name: "over", expiresAt: new Date(Date.now() - 1000) });
    await signIn(db, api);
    expect((await listKeys(db)).map(({ kind, name, state }) => [kind, name, state])).toEqual([
      ["key", "over", "expired"],
      ["session", "browser", "valid"],
    ]);
  });

  test("of an organization shows only that", async ({ db, serve }) => {
    await db`insert into conversations (organization_id, session_id, message) values (1, 'a', 'hi'), (2, 'b', 'hi')`;
    const api = await serve(noKeyless);
    const { cookie } = await signIn(db, api, { scope: "read", organization: "1" });
    const summary = (parameters = "") => api.get(`/api/reports/summary${parameters}`, { cookie });

    expect((await summary()).json.rows[0].conversations).toBe(1);
    expect((await summary("?organization=2")).status).toBe(403);
    await expectNoDrift(db);
  });

  test("is no key, nor is a session, nor a key a session", async ({ db, serve, keyFor }) => {
    const api = await serve(noKeyless);
    const { secret } = await keyFor({ scope: "admin", organization: undefined });
    const { cookie } = await signIn(db, api);
    const code = (await createLoginLink(db, "")).split("=")[1];
    const status = async (headers: Record<string, string>) => (await api.get("/api/session", headers)).status;

    expect(await status({ authorization: `Bearer ${code}` })).toBe(401);
    expect(await status({ authorization: `Bearer ${cookie.split("=")[1]}` })).toBe(401);
    expect(await status({ cookie: `conversation_metrics_session=${secret}` })).toBe(401);
    expect(await status({ cookie: `conversation_metrics_session=${code}` })).toBe(401);
    expect((await open(`${api.url}/login?code=${secret}`)).status).toBe(401);
  });
});

describe("a session", () => {
  test("changes something only from a page of our own", async ({ db, serve }) => {
    const api = await serve({ settings: { localAccess: false, widgetOrigins: ["https://shop.example"] } });
    const { cookie } = await signIn(db, api);
    const lead = { session_id: "s", name: "Ada" };
    const post = async (headers: Record<string, string>) =>
      (await api.post("/api/leads", lead, { cookie, ...headers })).status;

    expect(await post({})).toBe(403);
    expect(await post({ origin: "https://evil.example" })).toBe(403);
    expect(await post({ origin: "https://shop.example" })).toBe(403);
    expect(await post({ origin: "null" })).toBe(403);
    expect(await post({ origin: api.url, "content-type": "text/plain" })).toBe(415);
    expect(await post({ origin: api.url })).toBe(201);
    expect(await db`select from leads`).toHaveLength(1);
    await expectNoDrift(db);
  });

  test("ends when its browser signs out", async ({ db, serve }) => {
    const api = await serve(noKeyless);
    const { cookie } = await signIn(db, api);
    expect((await api.get("/api/session", { cookie })).status).toBe(200);

    const fromElsewhere = await api.post("/api/session/end", {}, { cookie, origin: "https://evil.example" });
    const out = await api.post("/api/session/end", {}, { cookie, origin: api.url });

    expect([fromElsewhere.status, out.status]).toEqual([403, 200]);
    expect(out.headers.get("set-cookie")).toMatch(/^conversation_metrics_session=;.*Expires=Thu, 01 Jan 1970/);
    expect((await api.get("/api/session", { cookie })).status).toBe(401);
  });

  test("by TLS at the proxy is a cookie for TLS alone", async ({ db, serve }) => {
    const api = await serve({ settings: { localAccess: false, trustProxy: 1 } });

    const response = await open(await createLoginLink(db, api.url), { "x-forwarded-proto": "https" });

    expect(response.headers.get("set-cookie")).toMatch(/; HttpOnly; Secure; SameSite=Strict$/);
  });
});
