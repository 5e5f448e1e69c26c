import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { describe, expect } from "vitest";
import { test } from "./support/http.ts";
import { expectNoDrift } from "./support/oracle.ts";

const MANY = 50_000;
// Less than half of what is sent; it does not grow with it (200,000 conversations, 132 MB: the same).
const MOST_HELD = 15_000_000;
const LOOK_EVERY = 2_000_000;

setFlagsFromString("--expose-gc");
const collectGarbage: unknown = runInNewContext("gc");

const heldNow = (): number => {
  if (typeof collectGarbage === "function") collectGarbage();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
};

/** Reads an export to its end, and looks now and then at how much memory it holds, here and in the server. */
const readAll = async (url: string) => {
  const before = heldNow();
  const read = { bytes: 0, lines: 0, held: 0 };
  let next = LOOK_EVERY;
  for await (const chunk of (await fetch(url)).body ?? []) {
    read.bytes += chunk.length;
    for (const byte of chunk) read.lines += byte === 10 ? 1 : 0;
    if (read.bytes < next) continue;
    next += LOOK_EVERY;
    read.held = Math.max(read.held, heldNow() - before);
  }
  return read;
};

describe("GET /api/reports/export", () => {
  test("has a line for each conversation of the filter, in both formats", async ({ db, serve }) => {
    await db`insert into conversations (organization_id, session_id, message, response)
      select n % 2, 's' || n, 'a', 'b' from generate_series(1, 1200) as n`;
    const api = await serve();

    const csv = await api.get("/api/reports/export?organization=1");
    const ndjson = await api.get("/api/reports/export?organization=1&format=ndjson");

    expect(csv.headers.get("content-disposition")).toBe('attachment; filename="conversations.csv"');
    expect(csv.text.trim().split("\n")).toHaveLength(601);
    const rows = ndjson.text
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(new Set(rows.map(({ session_id }) => session_id)).size).toBe(600);
    expect(rows[0]).toMatchObject({ organization_id: "1", total_messages: 2, has_lead: false, lead_email: null });
    await expectNoDrift(db);
  });

  test("has its times in UTC, as the list has them, whatever zone the database is in", async ({ db, serve }) => {
    await db`insert into conversations (session_id, message, created_at) values ('s', 'a', '2026-07-01T23:30:00Z')`;
    const [database] = await db<[{ name: string }]>`select quote_ident(current_database()) as name`;
    await db.unsafe(`alter database ${database.name} set time zone 'Asia/Kathmandu'`);
    const api = await serve();
    const start = "2026-07-01T23:30:00+00:00";

    const list = await api.get("/api/reports/conversations");
    const csv = await api.get("/api/reports/export?columns=conversation_start");
    const sorted = await api.get("/api/reports/export?format=ndjson&columns=conversation_start&sort=conversation_end");

    expect(list.json.rows[0].conversation_start).toBe(start);
    expect(csv.text).toBe(`"conversation_start"\n"${start}"\n`);
    expect(JSON.parse(sorted.text)).toEqual({ conversation_start: start });
    await expectNoDrift(db);
  });

  test("has the columns and the order of the list that is shown", async ({ db, serve }) => {
    await db`insert into conversations (session_id, message, prompt_tokens)
      select 's' || n, 'a', n % 7 from generate_series(1, 40) as n`;
    await db`insert into leads (session_id, name) values ('s9', 'Ada')`;
    const api = await serve();
    for (const order of ["sort=total_tokens&order=asc", "sort=lead_name&order=desc", "sort=session_id"]) {
      const list = await api.get(`/api/reports/conversations?${order}&limit=500`);
      const csv = await api.get(`/api/reports/export?${order}&columns=session_id,total_tokens`);

      const shown = list.json.rows.map((row: { session_id: string; total_tokens: number }) => [
        row.session_id,
        String(row.total_tokens),
      ]);
      const exported = csv.text
        .trim()
        .split("\n")
        .map((line) => line.replaceAll('"', "").split(","));
      expect(exported).toEqual([["session_id", "total_tokens"], ...shown]);
    }
    const refused = await api.get("/api/reports/export?columns=session_id,message");
    expect([refused.status, refused.json.errors[0].pointer]).toEqual([400, "?columns"]);
    await expectNoDrift(db);
  });

  test("of nothing is a header alone, or nothing", async ({ serve }) => {
    const api = await serve();

    expect((await api.get("/api/reports/export")).text).toMatch(/^"source","session_id".*"updated_at"\n$/);
    expect((await api.get("/api/reports/export?format=ndjson")).text).toBe("");
  });

  test("makes texts of formulas, and keeps quotes, line breaks and commas", async ({ db, serve }) => {
    const names = ["=1+1", "+1", "-1", "@x", "\tx", "\rx", 'say "hi", now', "two\nlines", "plain", "＝1"];
    for (const [n, name] of names.entries()) {
      await db`insert into conversations (session_id, message, created_at) values (${`s${n}`}, 'hi', to_timestamp(${n}))`;
      await db`insert into leads (session_id, name) values (${`s${n}`}, ${name})`;
    }
    const api = await serve();

    const { text } = await api.get("/api/reports/export");
    const lines = await api.get("/api/reports/export?format=ndjson");

    for (const cell of [
      `"'=1+1"`,
      `"'+1"`,
      `"'-1"`,
      `"'@x"`,
      `"'\tx"`,
      `"'\rx"`,
      '"say ""hi"", now"',
      '"two\nlines"',
      '"plain"',
    ]) {
      expect(text).toContain(`,${cell},`);
    }
    expect(
      lines.text
        .trim()
        .split("\n")
        .map((line) => JSON.parse(line).lead_name),
    ).toEqual(names);
  });

  test("holds a few rows at a time, also of 50,000 conversations", { timeout: 120_000 }, async ({ db, serve }) => {
    await db`insert into conversations (organization_id, session_id, message, response)
      select 1, 'session-' || n, 'a', 'b' from generate_series(1, ${MANY}) as n`;
    const api = await serve();
    await api.get("/api/reports/export?organization=2");

    const csv = await readAll(`${api.url}/api/reports/export?format=csv`);
    const ndjson = await readAll(`${api.url}/api/reports/export?format=ndjson`);

    expect([csv.lines, ndjson.lines]).toEqual([MANY + 1, MANY]);
    expect(ndjson.bytes).toBeGreaterThan(30_000_000);
    expect(csv.held).toBeLessThan(MOST_HELD);
    expect(ndjson.held).toBeLessThan(MOST_HELD);
  });

  test("to a reader that goes away ends its query", async ({ db, serve }) => {
    await db`insert into conversations (organization_id, session_id, message, response)
      select 1, repeat('session-', 20) || n, 'a', 'b' from generate_series(1, 20000) as n`;
    const api = await serve();
    const leaving = new AbortController();
    const response = await fetch(`${api.url}/api/reports/export?format=ndjson`, { signal: leaving.signal });
    await response.body?.getReader().read();
    leaving.abort();
    await api.idle();

    const open = () => db`select from pg_stat_activity where datname = current_database() and xact_start is not null
      and pid <> pg_backend_pid()`;
    await expect.poll(async () => (await open()).length).toBe(0);
    expect((await api.get("/api/reports/export?format=ndjson&organization=2")).status).toBe(200);
  });

  test("leaves connections for others: there are only so many at once", async ({ db, serve }) => {
    await db`insert into conversations (organization_id, session_id, message, response)
      select 1, repeat('session-', 20) || n, 'a', 'b' from generate_series(1, 20000) as n`;
    const api = await serve();
    const leaving = new AbortController();
    const open = () => fetch(`${api.url}/api/reports/export?format=ndjson`, { signal: leaving.signal });
    const held = [await open(), await open(), await open()];

    const fourth = await api.get("/api/reports/export");
    const other = await api.get("/api/reports/summary");
    leaving.abort();

    expect(held.map(({ status }) => status)).toEqual([200, 200, 200]);
    expect([fourth.status, fourth.json.code, other.status]).toEqual([429, "too_many_exports", 200]);
  });
});
