import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect } from "vitest";
import { APPLICATION } from "./support/application.ts";
import { type Api, test } from "./support/http.ts";
import { migrated } from "./support/migrated.ts";
import { expectNoDrift } from "./support/oracle.ts";

const ask = async (api: Api, session: object) => {
  const { json } = await api.post("/api/chat", { message: "hi", ...session });
  return json.id;
};

describe("POST /api/leads", () => {
  test("stores a lead, and answers with the session's metrics but nobody's contact details", async ({ db, serve }) => {
    const api = await serve();
    await ask(api, { session_id: "s", organization_id: 1 });

    const { status, json, text } = await api.post("/api/leads", {
      session_id: "s",
      organization_id: 1,
      widget_id: 4,
      name: "Ada",
      email: "ada@mail.example",
      phone: "+49 30 1",
      company: "Engines",
      custom_fields: { size: "L", seats: 3, trial: true },
    });

    expect([status, json.metrics.has_lead]).toEqual([201, true]);
    expect(text).not.toContain("ada@");
    expect(
      await db`select id, organization_id, session_id, widget_id, name, email, phone, company, custom_fields from leads`,
    ).toEqual([
      {
        id: json.id,
        organization_id: "1",
        session_id: "s",
        widget_id: "4",
        name: "Ada",
        email: "ada@mail.example",
        phone: "+49 30 1",
        company: "Engines",
        custom_fields: { size: "L", seats: 3, trial: true },
      },
    ]);
    expect(await db`select lead_email from conversation_metrics`).toEqual([{ lead_email: "ada@mail.example" }]);
    expect(api.lines.join("")).not.toMatch(/ada@|Engines/);
    await expectNoDrift(db);
  });

  test("takes a lead before the first message", async ({ db, serve }) => {
    const api = await serve();

    const first = await api.post("/api/leads", { session_id: "s", name: "Ada" });
    const { json } = await api.post("/api/chat", { message: "hi", session_id: "s" });

    expect([first.status, first.json.metrics]).toEqual([201, null]);
    expect(json.metrics.has_lead).toBe(true);
    await expectNoDrift(db);
  });

  test.for([
    [{ session_id: "s" }, "#"],
    [{ session_id: "s", email: "not an address" }, "#/email"],
    [{ session_id: "", name: "Ada" }, "#/session_id"],
    [{ session_id: "s", name: "A\0da" }, "#/name"],
    [{ session_id: "s", name: "Ada", phne: "1" }, "#"],
  ] as const)("refuses %j, and says where it is wrong", async ([body, pointer], { db, serve }) => {
    const api = await serve();

    const { status, json } = await api.post("/api/leads", body);

    expect([status, json.code, json.errors[0].pointer]).toEqual([400, "invalid_request", pointer]);
    expect(await db`select from leads`).toHaveLength(0);
  });
});

describe("POST /api/feedback", () => {
  test("stores one rating of a message, that another takes the place of", async ({ db, serve }) => {
    const api = await serve();
    const id = await ask(api, { session_id: "s", organization_id: 1 });
    const rated = { session_id: "s", organization_id: 1, conversation_id: id };

    const first = await api.post("/api/feedback", { ...rated, rating: 2, feedback_text: "meh" });
    const second = await api.post("/api/feedback", { ...rated, rating: 5 });

    expect(first.json.metrics.user_satisfaction).toBe(2);
    expect(second.json).toMatchObject({ id: first.json.id, metrics: { user_satisfaction: 5 } });
    expect(await db`select rating, updated_at > created_at as changed from feedback`).toEqual([
      { rating: 5, changed: true },
    ]);
    await expectNoDrift(db);
  });

  test("ratings of one message at the same time leave one", async ({ db, serve }) => {
    const api = await serve();
    const id = await ask(api, { session_id: "s" });

    const replies = await Promise.all(
      Array.from({ length: 20 }, (_, n) =>
        api.post("/api/feedback", { session_id: "s", conversation_id: id, rating: (n % 5) + 1 }),
      ),
    );

    expect(replies.map(({ status }) => status)).toEqual(Array(20).fill(200));
    expect(await db`select from feedback`).toHaveLength(1);
    await expectNoDrift(db);
  });

  test("a rating waits for another of the same message, and takes its place", async ({ db, serve }) => {
    const api = await serve();
    const id = await ask(api, { session_id: "s" });
    const other = await db.reserve();
    await other`begin`;
    await other`select from conversations where id = ${id} for no key update`;
    const rated = api.post("/api/feedback", { session_id: "s", conversation_id: id, rating: 2 });
    await sleep(300);
    await other`insert into feedback (session_id, conversation_id, rating) values ('s', ${id}, 5)`;
    await other`commit`;
    other.release();

    expect((await rated).status).toBe(200);
    expect(await db`select rating from feedback`).toEqual([{ rating: 2 }]);
    await expectNoDrift(db);
  });

  test("a message can only be rated by its own session and organization", async ({ db, serve }) => {
    const api = await serve();
    const id = await ask(api, { session_id: "s", organization_id: 1 });

    const others = await Promise.all(
      [{ session_id: "t", organization_id: 1 }, { session_id: "s", organization_id: 2 }, { session_id: "s" }].map(
        (session) => api.post("/api/feedback", { ...session, conversation_id: id, rating: 1 }),
      ),
    );
    const unknown = await api.post("/api/feedback", {
      session_id: "s",
      organization_id: 1,
      conversation_id: 999,
      rating: 1,
    });

    expect([...others, unknown].map(({ status }) => status)).toEqual([404, 404, 404, 404]);
    expect(await db`select from feedback`).toHaveLength(0);
    await expectNoDrift(db);
  });

  test.for([[0], [6], [2.5], ["4"], [null]])("refuses the rating %j", async ([rating], { serve }) => {
    const api = await serve();

    const { status, json } = await api.post("/api/feedback", { session_id: "s", conversation_id: 1, rating });

    expect([status, json.errors[0].pointer]).toEqual([400, "#/rating"]);
  });
});

describe("an application's own tables", () => {
  test("get the columns that they have, in their types", async ({ bareDb, bareUrl, serve }) => {
    const db = await migrated(
      { bareDb, bareUrl },
      `create table conversations (id uuid primary key default gen_random_uuid(), organization_id uuid,
         session_id varchar(40) not null, message text, response text, created_at timestamp not null);
       create table leads (id serial primary key, session_id varchar(40), organization_id uuid, name text);
       create table feedback (id serial primary key, conversation_id uuid, rating integer);
       alter database ${new URL(bareUrl).pathname.slice(1)} set timezone = 'Asia/Kathmandu'`,
    );
    const api = await serve({ databaseUrl: bareUrl });
    const organization_id = "6f1c54ad-1d0e-4b6b-8a3f-6f8a1d6c0001";

    const { status, json } = await api.post("/api/chat", {
      message: "hi",
      session_id: "s",
      organization_id: organization_id.toUpperCase(),
      widget_id: 3,
    });
    const lead = await api.post("/api/leads", { session_id: "s", organization_id, name: "Ada", email: "a@b.example" });
    const rated = await api.post("/api/feedback", {
      session_id: "s",
      organization_id,
      conversation_id: json.id,
      rating: 4,
    });

    expect([status, lead.status, rated.status]).toEqual([200, 201, 200]);
    expect(rated.json.metrics).toMatchObject({ total_messages: 2, has_lead: true, user_satisfaction: 4 });
    expect(Math.abs(Date.parse(json.created_at) - Date.now())).toBeLessThan(60_000);
    expect(Math.abs(Date.parse(json.metrics.conversation_start) - Date.now())).toBeLessThan(60_000);
    await expectNoDrift(db);
  });

  test("a value that they cannot hold is a 400, and what they have no place for a 501", async ({
    bareDb,
    bareUrl,
    serve,
  }) => {
    const db = await migrated({ bareDb, bareUrl }, APPLICATION);
    const api = await serve({ databaseUrl: bareUrl });

    const replies = await Promise.all([
      api.post("/api/chat", { message: "hi", session_id: "s", organization_id: "acme" }),
      api.post("/api/chat", { message: "hi", session_id: "s", organization_id: "99999999999" }),
      api.post("/api/chat", { message: "hi", session_id: "x".repeat(150), organization_id: 1 }),
      api.post("/api/feedback", { session_id: "s1", organization_id: 1, conversation_id: 1, rating: 5 }),
    ]);

    expect(replies.map(({ status, json }) => [status, json.code])).toEqual([
      [400, "refused_value"],
      [400, "refused_value"],
      [400, "refused_value"],
      [501, "no_column"],
    ]);
    await expectNoDrift(db);
  });
});
