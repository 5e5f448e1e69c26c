import { describe, expect } from "vitest";
import { createLoginLink } from "../src/keys/login.ts";
import { listKeys, revokeKeys } from "../src/keys/store.ts";
import { limits, test } from "./support/http.ts";
import { expectNoDrift } from "./support/oracle.ts";

const SUMMARY = "/api/reports/summary";

describe("a key", () => {
  test("is stored as a hash alone", async ({ db, keyFor }) => {
    const { secret } = await keyFor({});

    const [row] = await db<[{ row: string; hash: boolean; prefix: string }]>`
      select api_keys::text as row, hash = sha256(convert_to(${secret}, 'UTF8')) as hash, prefix from metrics.api_keys`;

    expect(secret).toMatch(/^cm_[\w-]{43}$/);
    expect(secret.startsWith(row.prefix)).toBe(true);
    expect(row.hash).toBe(true);
    expect(row.row).not.toContain(secret.slice(row.prefix.length));
  });

  test("is listed and revoked as one; a sign-in link, which is none, is not", async ({ db, keyFor }) => {
    const { id } = await keyFor({});
    await createLoginLink(db, "http://localhost");
    const [link] = await db<[{ id: string; prefix: string; hash: Buffer }]>`
      select key_id::text as id, prefix, hash from metrics.api_keys where kind = 'login'`;

    expect((await listKeys(db)).map((key) => key.id)).toEqual([id]);
    expect(await revokeKeys(db, { id: link.id })).toEqual([]);
    expect(await revokeKeys(db, { prefix: link.prefix })).toEqual([]);
    expect(await revokeKeys(db, { hash: link.hash })).toEqual([]);
    expect((await revokeKeys(db, { id })).map((key) => key.state)).toEqual(["revoked"]);
  });

  test("that is revoked is refused within seconds, and others are not", async ({ db, serve, keyFor }) => {
    const api = await serve();
    const revoked = await keyFor({});
    const other = await keyFor({});
    const status = async ({ headers }: typeof other) => (await api.get(SUMMARY, headers)).status;
    expect([await status(revoked), await status(other)]).toEqual([200, 200]);

    await revokeKeys(db, { id: revoked.id });

    await expect.poll(() => status(revoked), { timeout: 4000 }).toBe(401);
    expect(await status(other)).toBe(200);
  });

  test("ends by itself, also where it was just used", async ({ serve, keyFor }) => {
    const api = await serve();
    const { headers } = await keyFor({ expiresAt: new Date(Date.now() + 700) });
    const first = await api.get(SUMMARY, headers);

    expect(first.status).toBe(200);
    await expect.poll(async () => (await api.get(SUMMARY, headers)).status, { timeout: 1500, interval: 100 }).toBe(401);
  });

  test("says when it was used last, once a minute, and no request waits for that", async ({ db, serve, keyFor }) => {
    const api = await serve();
    const { headers, id } = await keyFor({});
    const used = async () => {
      const [row] = await db<[{ at: string | null }]>`select last_used_at::text as at from metrics.api_keys`;
      return row.at;
    };
    const holder = await db.reserve();
    await holder`begin`;
    await holder`select from metrics.api_keys where key_id = ${id} for update`;

    const held = await api.get(SUMMARY, headers);
    await holder`rollback`;
    holder.release();
    await expect.poll(used).not.toBeNull();
    // Others have not looked it up yet.
    const [soon, late] = [await serve(), await serve()];
    await db`update metrics.api_keys set last_used_at = last_used_at - interval '30 seconds'`;
    const kept = await used();
    await soon.get(SUMMARY, headers);
    await soon.get(SUMMARY, headers);
    const after = await used();
    await db`update metrics.api_keys set last_used_at = last_used_at - interval '31 seconds'`;
    const old = await used();
    await late.get(SUMMARY, headers);

    expect(held.status).toBe(200);
    expect(after).toBe(kept);
    await expect.poll(used).not.toBe(old);
  });

  test("lets many requests in at once, and its id is in the log, never the key", async ({ db, serve, keyFor }) => {
    const api = await serve();
    const { headers, id, secret } = await keyFor({ scope: "read" });

    const replies = await Promise.all(Array.from({ length: 20 }, () => api.get("/api/session", headers)));

    expect(new Set(replies.map(({ status }) => status))).toEqual(new Set([200]));
    expect(replies[0]?.json).toEqual({
      by: "key",
      scope: "read",
      organization: null,
      every_organization: false,
      expires_at: null,
    });
    expect(api.lines.filter((line) => JSON.parse(line).key === id)).toHaveLength(20);
    expect(api.lines.join("")).not.toContain(secret);
    await expect
      .poll(async () => (await db`select from metrics.api_keys where last_used_at is not null`).length)
      .toBe(1);
  });
});

describe("limits", () => {
  test("hold for a key, wherever it is used from, and for an address", async ({ db, serve, keyFor }) => {
    const api = await serve({ settings: { trustProxy: 1, limits: limits({ reads: 3, perKey: 2 }) } });
    const [one, two] = [await keyFor({ scope: "admin" }), await keyFor({ scope: "admin" })];
    const from = (address: string, { headers }: typeof one) => ({ ...headers, "x-forwarded-for": address });
    const read = async (address: string, key: typeof one) => (await api.get(SUMMARY, from(address, key))).status;
    const post = async (address: string, key: typeof one) =>
      (await api.post("/api/leads", { session_id: "s", name: "Ada" }, from(address, key))).status;

    const byKey = [await read("1.1.1.1", one), await read("2.2.2.2", one), await read("3.3.3.3", one)];
    const over = await api.get(SUMMARY, from("4.4.4.4", one));
    const byAddress = [await read("1.1.1.1", two), await read("1.1.1.1", two), await read("1.1.1.1", two)];
    const posts = [await post("1.1.1.1", one), await post("2.2.2.2", one), await post("3.3.3.3", one)];

    expect(byKey).toEqual([200, 200, 200]);
    expect([over.status, over.json.code]).toEqual([429, "too_many_requests"]);
    expect(Number(over.headers.get("retry-after"))).toBeGreaterThan(0);
    expect(over.headers.get("ratelimit")).toMatch(/"key"; ?r=0/);
    expect(byAddress).toEqual([200, 200, 429]);
    expect(posts).toEqual([201, 201, 429]);
    await expectNoDrift(db);
  });
});
