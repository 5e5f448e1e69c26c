import { describe, expect } from "vitest";
import type { Sql } from "../src/database.ts";
import { createKey } from "../src/keys/store.ts";
import { migrate } from "../src/migrate.ts";
import { cli } from "./support/cli.ts";
import { test as base } from "./support/http.ts";
import { expectNoDrift } from "./support/oracle.ts";

type KeyFor = (key: { organization: string | null | undefined }) => Promise<{ headers: Record<string, string> }>;

const readers = async (keyFor: KeyFor) => ({
  ONE: (await keyFor({ organization: "1" })).headers,
  NONE: (await keyFor({ organization: null })).headers,
  ALL: (await keyFor({ organization: undefined })).headers,
});

// Roles belong to the whole server: what `readers api` makes is called after the test's own database.
const test = base.extend("api", async ({ url, server, connect }, { onCleanup }) => {
  const database = new URL(url).pathname.slice(1);
  const role = `${database.slice(0, 51)}_metrics_api`;
  onCleanup(async () => {
    await connect({ max: 1 })
      .unsafe(`drop owned by ${role}`)
      .catch(() => {});
    await server.unsafe(`drop role if exists ${role}`);
  });
  return { role, give: () => cli(["readers", "api"], { url }) };
});

const REPORTS = [
  ...["summary", "conversations", "tokens", "model-days", "leads", "satisfaction", "response-times", "hours"],
  ...["daily", "weekly", "monthly", "export?format=ndjson", "export?format=csv"],
].map((report) => `/api/reports/${report}`);
const PATHS = [...REPORTS, "/api/scope", "/api/conversations/shared", "/api/status"];

const write = async (db: Sql) => {
  await db`
    insert into conversations (organization_id, session_id, widget_id, message, response, model, created_at, responded_at) values
      (1, 'shared', 111000111, 'mine', 'of one', 'model-of-1', '2025-05-01Z', '2025-05-01 00:00:02Z'),
      (2, 'shared', 222000222, 'theirs', 'of two', 'model-of-2', '2025-05-01Z', '2025-05-01 00:00:02Z'),
      (2, 'two', 222000222, 'theirs', 'of two', 'model-of-2', '2025-05-01Z', '2025-05-01 00:00:02Z'),
      (null, 'shared', 333000333, 'nobody', 'of none', 'model-of-0', '2025-05-01Z', '2025-05-01 00:00:02Z')`;
  await db`insert into leads (organization_id, session_id, name, email) values
    (1, 'shared', 'Lead 1', 'one@mail.example'), (2, 'shared', 'Lead 2', 'two@mail.example')`;
  await db`insert into feedback (organization_id, session_id, rating) values (1, 'shared', 5), (2, 'shared', 1)`;
};

const OTHERS = /theirs|nobody|222000|333000|model-of-[02]|two@|Lead 2/;

// A defect in the one place that filters: the filter loses its organization.
const BROKEN_FILTER = `
  create or replace function metrics.checked_filter(filter public.report_filter) returns public.report_filter
  language plpgsql immutable as $$ begin
    filter.organization := null; filter.no_organization := false; filter.source := 'default';
    filter.time_zone := coalesce(filter.time_zone, 'UTC'); return filter;
  end; $$`;

// A defect in the key of a session: always that of organization 2.
const BROKEN_KEY = `
  create or replace function metrics.session_key(organization_id text, session_id text) returns uuid
  language sql stable return (select min(session_key::text)::uuid from public.conversation_metrics where organization_id = 2)`;

describe("with the role of `readers api`", () => {
  test("a key of an organization reads what it read without", async ({ db, serve, keyFor, api }) => {
    await write(db);
    const { ONE, NONE, ALL } = await readers(keyFor);
    const { get } = await serve();
    const answers = (headers: Record<string, string>) =>
      Promise.all(PATHS.map(async (path) => (await get(path, headers)).text.replace(/"(now|request_id)":"[^"]*"/, "")));
    const without = [await answers(ONE), await answers(NONE), await answers(ALL)];

    expect(await api.give()).toMatchObject({ code: 0 });
    const within = [await answers(ONE), await answers(NONE), await answers(ALL)];

    expect(within).toEqual(without);
    expect(within[0]?.join("")).toContain("model-of-1");
    expect(within[0]?.join("")).not.toMatch(OTHERS);
    await expectNoDrift(db);
  });

  test("a filter that lost its organization finds nothing of another; without the role it would", async ({
    db,
    serve,
    keyFor,
    api,
  }) => {
    await write(db);
    const { ONE, NONE, ALL } = await readers(keyFor);
    const { get } = await serve();
    const read = async () =>
      (await Promise.all([...REPORTS, "/api/scope"].map((path) => get(path, ONE)))).map(({ text }) => text);
    await db.unsafe(BROKEN_FILTER);

    const filteredOnly = await read();
    await api.give();
    const kept = await read();

    expect(filteredOnly.join("")).toMatch(OTHERS);
    expect(kept.join("")).not.toMatch(OTHERS);
    expect(kept.join("")).toContain("model-of-1");
    expect((await get("/api/reports/summary", NONE)).json.rows[0].conversations).toBe(1);
    expect((await get("/api/reports/summary", ALL)).json.rows[0].conversations).toBe(4);
  });

  test("a wrong key of a session finds no session of another; without the role it would", async ({
    db,
    serve,
    keyFor,
    api,
  }) => {
    await write(db);
    const { ONE } = await readers(keyFor);
    const { get } = await serve();
    await db.unsafe(BROKEN_KEY);

    const filteredOnly = await get("/api/conversations/shared", ONE);
    await api.give();
    const kept = await get("/api/conversations/shared", ONE);

    expect(filteredOnly.text).toMatch(OTHERS);
    expect(kept.status).toBe(404);
    expect(kept.text).not.toMatch(OTHERS);
  });

  test("a connection is the owner's again after it, and writes as ever", async ({ db, serve, keyFor, api }) => {
    await write(db);
    const { ONE, ALL } = await readers(keyFor);
    await api.give();
    const { get, post } = await serve();

    const own = await Promise.all(Array.from({ length: 12 }, () => get("/api/reports/summary", ONE)));
    const all = await Promise.all(Array.from({ length: 12 }, () => get("/api/reports/summary", ALL)));
    const failed = await get("/api/reports/conversations?after=AAAA", ONE);
    const stored = await post("/api/leads", { organization_id: "2", session_id: "two", email: "new@mail.example" });

    expect(own.map(({ json }) => json.rows[0].conversations)).toEqual(Array(12).fill(1));
    expect(all.map(({ json }) => json.rows[0].conversations)).toEqual(Array(12).fill(4));
    expect([failed.status, stored.status]).toEqual([400, 201]);
    await expectNoDrift(db);
  });

  test("doctor says so, and says where there is none", async ({ url, api }) => {
    const line = async () => /^.*organizations over HTTP: .*$/m.exec((await cli(["doctor"], { url })).stdout)?.[0];

    expect(await line()).toContain("kept to it by filters alone");
    await api.give();
    expect(await line()).toContain(`read as the role ${api.role}`);
  });

  test("that is given more than what a transaction names is not taken", async ({ db, api }) => {
    await api.give();
    const reader = async () => (await db`select metrics.api_reader() as role`)[0]?.role;

    expect(await reader()).toBe(api.role);
    await db.unsafe(`select metrics.grant_reader('${api.role}', '{2}')`);
    expect(await reader()).toBeNull();
  });

  test("is made once: a role of that name that is none of ours is not taken", async ({ db, server, api }) => {
    await server.unsafe(`create role ${api.role}`);

    const refused = await api.give();

    expect(refused).toMatchObject({ code: 2, stderr: expect.stringContaining("hint: If it is meant:") });
    expect(await db`select from metrics.readers`).toHaveLength(0);
    await server.unsafe(`drop role ${api.role}`);
    expect([(await api.give()).code, (await api.give()).code]).toEqual([0, 0]);
    expect(await db`select from metrics.readers`).toHaveLength(1);
  });

  test("keeps them apart where the owner is no superuser, too", async ({ bareUrl, bareDb, server, serve }) => {
    const database = new URL(bareUrl).pathname.slice(1);
    const [owner, role] = [`${database.slice(0, 51)}_owner`, `${database.slice(0, 51)}_metrics_api`];
    await server.unsafe(
      `create role ${owner} login createrole password '${owner}'; alter database ${database} owner to ${owner}`,
    );
    const url = Object.assign(new URL(bareUrl), { username: owner, password: owner }).href;
    try {
      await migrate({ databaseUrl: url });
      await write(bareDb);
      const key = await createKey(bareDb, { kind: "key", name: "test", scope: "read", organization: "1" });
      const { get } = await serve({ databaseUrl: url });
      const read = async () =>
        (await get("/api/reports/summary", { authorization: `Bearer ${key.secret}` })).json.rows[0].conversations;

      const given = await cli(["readers", "api"], { url });
      await bareDb.unsafe(BROKEN_FILTER);

      expect(given).toMatchObject({ code: 0 });
      expect(await read()).toBe(1);
    } finally {
      await bareDb.unsafe(`drop owned by ${role}`);
      await bareDb.unsafe(`reassign owned by ${owner} to current_user; drop owned by ${owner}`);
      await server.unsafe(`reassign owned by ${owner} to current_user; drop role ${role}; drop role ${owner}`);
    }
  });
});
