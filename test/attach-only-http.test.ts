import { describe, expect } from "vitest";
import { conversationAnswer } from "../src/http/conversation-schemas.ts";
import { migrate } from "../src/migrate.ts";
import { chat } from "./support/attached/chat.ts";
import { type Api, test as base } from "./support/http.ts";

/** The API on a database set up by `migrate --attach-only`. */
const test = base.extend("api", async ({ bareUrl, serve }): Promise<Api> => {
  await migrate({ databaseUrl: bareUrl, adopt: false });
  return serve({ databaseUrl: bareUrl });
});

const POSTS: [string, object][] = [
  ["/api/chat", { session_id: "s", message: "hi" }],
  ["/api/leads", { session_id: "s", name: "Ada" }],
  ["/api/feedback", { session_id: "s", conversation_id: 1, rating: 5 }],
];

const REPORTS = [
  ...["summary", "conversations", "tokens", "model-days", "leads", "satisfaction", "response-times", "hours"],
  ...["daily", "weekly", "monthly", "export"],
].map((name) => `/api/reports/${name}`);

describe("with nothing attached", () => {
  test.for(POSTS)("POST %s is a 501", async ([path, body], { api }) => {
    const { status, json } = await api.post(path, body);

    expect([status, json.code]).toEqual([501, "no_table"]);
  });

  test("GET /api/status tells of the worker", async ({ api }) => {
    const { status, json } = await api.get("/api/status");

    expect(status).toBe(200);
    expect(json).toMatchObject({ worker: { alive: 0 }, waiting_since: null, last_check: null, last_finding: null });
  });

  test("there are no sources, and no session", async ({ api }) => {
    expect((await api.get("/api/sources")).json).toEqual({ sources: [] });
    expect(await api.get("/api/conversations/1")).toMatchObject({ status: 404, json: { code: "no_source" } });
  });

  test("reports say so, and the figures for a monitor are there", async ({ api }) => {
    for (const path of [...REPORTS, "/api/scope"]) {
      const { status, json } = await api.get(path);
      expect([path, status, json.code]).toEqual([path, 404, "no_source"]);
      expect(json.detail).toContain("Nothing is attached yet");
    }
    expect((await api.get("/metrics")).text).toContain("conversation_metrics_workers_alive 0");
    expect((await api.get("/readyz")).status).toBe(200);
  });
});

describe("with one source that is not named default", () => {
  test("reports, scope and status are of it unless told", async ({ api, bareDb }) => {
    await bareDb.unsafe(chat("support"));
    await bareDb`select metrics.attach('support', 'support.said')`;

    for (const path of REPORTS) {
      const { status, text } = await api.get(path);
      expect([path, status]).toEqual([path, 200]);
      expect(text).toBe((await api.get(`${path}?source=support`)).text);
    }
    expect((await api.get("/api/reports/summary")).json.rows).toMatchObject([{ conversations: 2, messages: 20 }]);
    expect((await api.get("/api/scope")).json.rows).toHaveLength(2);
    const { json } = await api.get("/api/conversations/1?organization=10");
    expect(conversationAnswer.strict().parse(json)).toMatchObject({
      ...{ session_id: "1", organization_id: "10" },
      numbers: { total_messages: { value: 10, from_ledger: 10 } },
    });
    expect(json.messages).toHaveLength(10);
    expect(json.messages[0]).toMatchObject({ message: "Words 2", counted: { ai_messages: 1, completion_tokens: 2 } });
    expect((await api.get("/api/conversations/1?organization=20")).status).toBe(404);
    for (const path of ["/api/conversations/1", "/api/reports/summary"]) {
      expect(await api.get(`${path}?source=nope`)).toMatchObject({ status: 400, json: { code: "invalid_filter" } });
    }
    expect((await api.get("/api/status")).json.waiting_since).toMatch(/^\d{4}-/);
    for (const [path, body] of POSTS) expect((await api.post(path, body)).status, path).toBe(501);
  });
});

test("where there are several and none is named default, reports ask which, and status is of the first", async ({
  api,
  bareDb,
}) => {
  for (const name of ["sales", "support"]) {
    await bareDb.unsafe(chat(name));
    await bareDb.unsafe(`select metrics.attach('${name}', '${name}.said')`);
  }

  expect(await api.get("/api/reports/summary")).toMatchObject({ status: 409, json: { code: "source_needed" } });
  expect((await api.get("/api/reports/summary?source=sales")).status).toBe(200);
  expect(await api.get("/api/conversations/1")).toMatchObject({ status: 409, json: { code: "source_needed" } });
  for (const name of ["sales", "support"]) {
    const { json } = await api.get(`/api/conversations/1?source=${name}`);
    expect(json.messages).toHaveLength(10);
  }
  const [usual, first] = [await api.get("/api/status"), await api.get("/api/status?source=sales")];
  expect([usual.status, usual.json.waiting_since]).toEqual([200, first.json.waiting_since]);
});

test("posts leave tables alone that have the usual names and are attached by views", async ({ api, bareDb }) => {
  await bareDb.unsafe(`
    create table conversations (id integer primary key, session_id text, message text, created_at timestamptz);
    create view said as select id as conversation_id, session_id, message, created_at from conversations`);
  await bareDb`select metrics.attach('default', 'said')`;

  for (const [path, body] of POSTS) {
    const { status, json } = await api.post(path, body);
    expect([path, status, json.code]).toEqual([path, 501, "no_table"]);
  }
  expect(await bareDb`select from conversations`).toHaveLength(0);
});
