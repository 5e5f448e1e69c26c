import { describe, expect } from "vitest";
import type { Sql } from "../src/database.ts";
import { conversationAnswer } from "../src/http/conversation-schemas.ts";
import { reportRows } from "../src/http/report-schemas.ts";
import { test } from "./support/http.ts";
import { expectNoDrift } from "./support/oracle.ts";

const write = (db: Sql) => db`
  insert into conversations (organization_id, session_id, widget_id, user_id, message, response, model, prompt_tokens,
    completion_tokens, created_at, responded_at)
  select n % 2, 's' || n, n % 3, n, 'hello', 'hi', 'gpt-4o', 10 * n, n, t, t + interval '2 s'
  from generate_series(1, 60) as n, lateral (select timestamptz '2026-03-28 23:30+00' + n * interval '1 h') as of (t)`;

describe("every report", () => {
  test.for(Object.entries(reportRows))(
    "has the columns that it is documented with: %s",
    async ([name, schema], { db, serve }) => {
      await write(db);
      const api = await serve();
      const path = name.replaceAll("_", "-");

      const { status, json } = await api.get(
        `/api/reports/${path}?from=2026-03-29&to=2026-04-01&time_zone=Europe/Berlin`,
      );

      expect(status).toBe(200);
      expect(json.rows.length).toBeGreaterThan(0);
      for (const row of json.rows) {
        expect(Object.keys(row)).toEqual(Object.keys(schema.shape));
        expect(schema.safeParse(row).error?.issues).toBeUndefined();
      }
      await expectNoDrift(db);
    },
  );

  test("filters as the SQL function does", async ({ db, serve }) => {
    await write(db);
    await db`insert into leads (organization_id, session_id, email) values (1, 's1', 'a@b.example'), (0, 's2', null)`;
    await db`insert into feedback (organization_id, session_id, rating) values (1, 's1', 5), (0, 's2', 2)`;
    const api = await serve();
    const conversations = async (parameters: string) =>
      (await api.get(`/api/reports/summary?${parameters}`)).json.rows[0].conversations;

    expect(await conversations("")).toBe(60);
    expect(await conversations("organization=1")).toBe(30);
    expect(await conversations("widget=0")).toBe(20);
    expect(await conversations("user=7")).toBe(1);
    expect(await conversations("min_tokens=110&max_tokens=220")).toBe(11);
    expect(await conversations("has_lead=true")).toBe(2);
    expect(await conversations("has_lead=false&organization=1")).toBe(29);
    expect(await conversations("min_satisfaction=3")).toBe(1);
    expect(await conversations("max_satisfaction=3")).toBe(1);
    expect(await conversations("from=2026-03-29T00:30:00Z&to=2026-03-29T02:30:00%2B00:00")).toBe(2);
    expect(await conversations("from=2026-03-29&to=2026-03-30&time_zone=Europe/Berlin")).toBe(22);
    expect(await conversations("weekday=1&hour=2&time_zone=Europe/Berlin")).toBe(1);
    expect(await conversations("weekday=1&time_zone=Europe/Berlin")).toBe(24);
    expect(await conversations("from=2026-03-29&to=2026-03-30&time_zone=Asia/Kathmandu")).toBe(18);
  });

  test("days add up to the range", async ({ db, serve }) => {
    await write(db);
    const api = await serve();

    const { json } = await api.get("/api/reports/daily?from=2026-03-28&to=2026-04-02&time_zone=America/St_Johns");

    expect(json.rows.map(({ day }: { day: string }) => day)).toEqual(
      ["28", "29", "30", "31"].map((day) => `2026-03-${day}`).concat("2026-04-01"),
    );
    expect(
      json.rows.reduce((sum: number, { conversations }: { conversations: number }) => sum + conversations, 0),
    ).toBe(60);
  });

  test("prices tokens as it is asked to", async ({ db, serve }) => {
    await write(db);
    const api = await serve();
    const prices = encodeURIComponent('{"gpt-4o":{"prompt":1000000,"completion":0}}');

    const { json } = await api.get(`/api/reports/tokens?by=model&what_if=${prices}`);

    expect(json.rows).toMatchObject([{ key: "gpt-4o", prompt_tokens: 18_300, cost: 18_300, unpriced_tokens: 0 }]);
  });

  test.for([
    ["from=2026-02-30", "?from"],
    ["from=yesterday", "?from"],
    ["has_lead=maybe", "?has_lead"],
    ["min_satisfaction=9", "?min_satisfaction"],
    ["min_tokens=-1", "?min_tokens"],
    ["organisation=1", "?"],
  ] as const)("refuses %s, and says where it is wrong", async ([parameters, pointer], { serve }) => {
    const api = await serve();

    const { status, json } = await api.get(`/api/reports/summary?${parameters}`);

    expect([status, json.errors[0].pointer]).toEqual([400, pointer]);
  });

  test.for([
    ["summary?from=2026-02-01&to=2026-01-01", /from_time .* is after to_time/],
    ["daily?time_zone=Mars/Olympus", /Mars/],
    ["summary?min_tokens=5&max_tokens=1", /above/],
    ["summary?source=nowhere", /nowhere/],
    ["conversations?after=bm90aGluZw", /cursor/],
    ["export?from=2026-02-01&to=2026-01-01", /after to_time/],
  ] as const)("says why %s makes no sense", async ([path, why], { serve }) => {
    const api = await serve();

    const { status, json } = await api.get(`/api/reports/${path}`);

    expect([status, json.code]).toEqual([400, "invalid_filter"]);
    expect(json.detail).toMatch(why);
  });
});

describe("GET /api/reports/conversations", () => {
  test("pages through all conversations once, in any order, while others come", async ({ db, serve }) => {
    await write(db);
    const api = await serve();
    for (const order of ["sort=total_tokens&order=asc", "sort=user_satisfaction", "sort=session_id&order=desc"]) {
      const seen: string[] = [];
      let after = "";
      for (;;) {
        const { json } = await api.get(`/api/reports/conversations?${order}&limit=7${after}`);
        seen.push(...json.rows.map(({ session_id }: { session_id: string }) => session_id));
        if (json.next === null) break;
        after = `&after=${json.next}`;
        await db`insert into conversations (session_id, message) values ('late', 'x') on conflict do nothing`;
      }
      const once = seen.filter((id) => id !== "late");
      expect([once.length, new Set(once).size]).toEqual([60, 60]);
      await db`delete from conversations where session_id = 'late'`;
    }
    await expectNoDrift(db);
  });
});

describe("GET /api/conversations/{session}", () => {
  test("explains each number by the ledger, and pages through the messages", async ({ db, serve }) => {
    await db`insert into conversations (organization_id, session_id, message, response, prompt_tokens, completion_tokens,
        created_at, responded_at)
      select 1, 's', 'q' || n, 'a' || n, 10, 20, t, t + interval '3 s' from generate_series(1, 25) as n,
        lateral (select timestamptz '2026-01-01 10:00+00' + n * interval '1 min') as of (t)`;
    await db`insert into leads (organization_id, session_id, name) values (1, 's', 'Ada'), (1, 's', 'Bea')`;
    await db`insert into feedback (organization_id, session_id, rating) values (1, 's', 4)`;
    const api = await serve();

    const pages = [];
    let after = "";
    for (;;) {
      const { json } = await api.get(`/api/conversations/s?limit=10${after}`);
      pages.push(json);
      if (json.next === null) break;
      after = `&after=${json.next}`;
    }
    const [first] = pages;
    const messages = pages.flatMap(({ messages: some }) => some);

    for (const some of pages) expect(conversationAnswer.strict().safeParse(some).error?.issues).toBeUndefined();
    expect(messages.map(({ message }) => message)).toEqual(Array.from({ length: 25 }, (_, n) => `q${n + 1}`));
    expect(messages[0]).toMatchObject({
      created_at: expect.stringMatching(/^2026-01-01T10:01:00Z$/),
      counted: { user_messages: 1, prompt_tokens: 10, prompt_source: "provider", response_seconds: 3, encoding: null },
    });
    expect(first.numbers.total_tokens).toEqual({
      value: 750,
      from_ledger: 750,
      meaning: "prompt_tokens + completion_tokens.",
    });
    expect(first.numbers.average_response_time).toMatchObject({ value: 3, from_ledger: 3 });
    expect(first.leads).toMatchObject([
      { name: "Ada", counted: false },
      { name: "Bea", counted: true },
    ]);
    expect(first.feedback).toMatchObject([{ rating: 4 }]);
    await expectNoDrift(db);
  });
});
