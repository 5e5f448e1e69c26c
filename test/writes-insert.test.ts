import { describe, expect } from "vitest";
import { copyIn } from "./support/copy.ts";
import { test } from "./support/database.ts";
import { expectNoDrift, metricsOf } from "./support/oracle.ts";
import { populate } from "./support/population.ts";

describe("INSERT", () => {
  test("one row makes one metrics row", async ({ db }) => {
    await db`insert into conversations (organization_id, session_id, message, response) values (1, 's', 'hi', 'hello')`;

    expect(await metricsOf(db)).toMatchObject([{ organization_id: "1", session_id: "s", total_messages: 2 }]);
    await expectNoDrift(db);
  });

  test("rows written one by one add up", async ({ db }) => {
    for (let n = 1; n <= 20; n += 1) {
      await db`insert into conversations (session_id, message, response) values ('s', ${"x".repeat(n)}, 'hello')`;
    }

    expect(await metricsOf(db)).toMatchObject([{ message_rows: 20, total_messages: 40, prompt_tokens: 60 }]);
    await expectNoDrift(db);
  });

  test("one statement may write to many sessions and to one of them several times", async ({ db }) => {
    await populate(db);

    expect(await metricsOf(db)).toHaveLength(9);
    await expectNoDrift(db);
  });

  test("statements of every size from 0 to 100 rows are exact", async ({ db }) => {
    for (let size = 0; size <= 100; size += 1) {
      await db`
        insert into conversations (organization_id, session_id, message, response, created_at)
        select nullif(n % 3, 0), 's' || n % ${1 + (size % 7)}::int, 'hi', case when n % 2 = 0 then 'hello' end,
          timestamptz '2025-03-01' + n % 5 * interval '1 s'
        from generate_series(1, ${size}::int) as n`;
    }

    const [total] = await db`select sum(message_rows)::int as rows from conversation_metrics`;
    expect(total).toEqual({ rows: 5050 });
    await expectNoDrift(db);
  });

  test("a statement of 50,000 rows in 10,000 sessions is exact", async ({ db }) => {
    await db`
      insert into conversations (organization_id, session_id, message, response, created_at, responded_at)
      select nullif(n % 10, 0), 's' || n % 1000, repeat('x', n % 50), case when n % 3 > 0 then 'hello' end,
        timestamptz '2025-03-01' + n % 997 * interval '1 s', timestamptz '2025-03-01 00:00:02' + n % 997 * interval '1 s'
      from generate_series(1, 50000) as n`;

    await expectNoDrift(db);
  });

  test("a statement of 50,000 rows into one session is exact", async ({ db }) => {
    await db`
      insert into conversations (session_id, role, message, created_at)
      select 's', (array['user', 'assistant'])[1 + n % 2], repeat('x', n % 50),
        timestamptz '2025-03-01' + n % 9973 * interval '1 s'
      from generate_series(1, 50000) as n`;

    await expectNoDrift(db);
  });

  test("a row may come with nothing but its session", async ({ db }) => {
    await db`insert into conversations (session_id) values ('s')`;

    expect(await metricsOf(db)).toMatchObject([{ message_rows: 1, total_messages: 0 }]);
    await expectNoDrift(db);
  });

  test("RETURNING still returns the rows", async ({ db }) => {
    const rows =
      await db`insert into conversations (session_id, message) values ('s', 'hi'), ('t', 'ho') returning session_id`;

    expect([...rows]).toEqual([{ session_id: "s" }, { session_id: "t" }]);
    await expectNoDrift(db);
  });
});

describe("upsert", () => {
  const upsert = (ids: string, action: string) => `
    insert into conversations (id, organization_id, session_id, message, response)
    select n, 1, 's' || n % 2, 'from the upsert', 'hello' from unnest(array[${ids}]) as n
    on conflict (id) ${action}`;
  const update =
    "do update set session_id = excluded.session_id, message = excluded.message, response = excluded.response";

  test.for([
    ["inserts every row", "101, 102, 103", update],
    ["updates every row", "1, 2, 3", update],
    ["updates some rows and inserts others", "1, 101, 2, 102", update],
    ["skips every row", "1, 2, 3", "do nothing"],
    ["skips some rows and inserts others", "1, 101, 2, 102", "do nothing"],
    ["updates some rows that a condition picks", "1, 2, 3, 101", `${update} where conversations.id = 2`],
    ["updates a row to what it was", "1, 2", "do update set session_id = conversations.session_id"],
  ] as const)("one that %s is exact", async ([, ids, action], { db }) => {
    await populate(db);

    await db.unsafe(upsert(ids, action));

    await expectNoDrift(db);
  });
});

describe("COPY", () => {
  const columns = "conversations (organization_id, session_id, message, response, created_at)";

  test("a COPY of many rows counts each", async ({ db, url }) => {
    await populate(db);

    await copyIn(
      url,
      columns,
      Array.from({ length: 1000 }, (_, n) => [n % 2 ? 1 : null, "abc"[n % 3], "hi", "hello", "2025-03-01"]),
    );

    await expectNoDrift(db);
  });

  test("a COPY of no rows changes nothing", async ({ db, url }) => {
    await populate(db);
    const before = await metricsOf(db);

    await copyIn(url, columns, []);

    expect(await metricsOf(db)).toEqual(before);
    await expectNoDrift(db);
  });

  test("a COPY that fails at its last row changes nothing", async ({ db, url }) => {
    await populate(db);
    const before = await metricsOf(db);

    await expect(
      copyIn(url, columns, [
        [1, "a", "hi", "hello", "2025-03-01"],
        [1, "a", "hi", "hello", "not a time"],
      ]),
    ).rejects.toThrow(/not a time/);

    expect(await metricsOf(db)).toEqual(before);
    await expectNoDrift(db);
  });
});
