import fc from "fast-check";
import { describe, expect } from "vitest";
import type { Sql } from "../src/database.ts";
import { test as base } from "./support/database.ts";
import { random, runSeed } from "./support/generators/prng.ts";
import { expectNoDrift } from "./support/oracle.ts";
import { makeConversations, writeConversations } from "./support/reports/conversations.ts";

const seed = runSeed();
console.log(`Pages of reports: RANDOM_SEED=${seed}`);

const test = base.extend("written", async ({ db }) => {
  await writeConversations(db, makeConversations(random(seed), 120));
  await db`insert into conversations (session_id, message, created_at) values ('no time', 'hi', 'infinity'), ('no time 2', 'hi', 'infinity')`;
  return db;
});

const TEXTS = [
  "session_id",
  "organization_id",
  "widget_id",
  "user_id",
  "conversation_id",
  "lead_name",
  "lead_email",
  "lead_company",
];
const OTHERS = [
  "conversation_start",
  "conversation_end",
  "conversation_duration",
  "total_messages",
  "user_messages",
  "ai_messages",
  "total_tokens",
  "prompt_tokens",
  "completion_tokens",
  "estimated_messages",
  "average_response_time",
  "response_count",
  "has_lead",
  "user_satisfaction",
  "rating_count",
  "created_at",
  "updated_at",
];
const COLUMNS = [...TEXTS, ...OTHERS];

type Page = { session_key: string; cursor: string }[];

const page = (sql: Sql, sort: string, descending: boolean, size: number, after: string | null) =>
  sql<Page>`
    select session_key, cursor
    from report_conversations(sort => ${sort}, descending => ${descending}, page_size => ${size}, after => ${after})`;

/** The keys of all pages; `between` runs after each. */
async function walk(sql: Sql, sort: string, descending: boolean, size: number, between = async () => {}) {
  const keys: string[] = [];
  for (let after: string | null = null; ; ) {
    const rows: Page = await page(sql, sort, descending, size, after);
    keys.push(...rows.map((row) => row.session_key));
    after = rows.at(-1)?.cursor ?? null;
    if (rows.length < size || after === null) return keys;
    await between();
  }
}

/** The order in full, by a plain query over the metrics themselves. */
async function inOrder(sql: Sql, sort: string, descending: boolean): Promise<string[]> {
  const collate = TEXTS.includes(sort) ? `::text collate "C"` : "";
  const rows = await sql.unsafe<{ session_key: string }[]>(
    `select session_key from conversation_metrics
     order by ${sort} is null, ${sort}${collate} ${descending ? "desc" : "asc"}, session_key`,
  );
  return rows.map((row) => row.session_key);
}

describe("report_conversations", () => {
  test("pages by every column in both directions, NULLs last and ties by session_key", { timeout: 120_000 }, async ({
    written,
  }) => {
    for (const sort of COLUMNS) {
      for (const descending of [true, false]) {
        expect(await walk(written, sort, descending, 17), `${sort}, ${descending}`).toEqual(
          await inOrder(written, sort, descending),
        );
      }
    }
    await expectNoDrift(written);
  });

  test("can be sorted by each of its columns but source, session_key and cursor", async ({ written }) => {
    const { columns } = await written`select * from report_conversations(page_size => 1)`;

    const sortable = columns
      .map(({ name }) => name)
      .filter((name) => !["source", "session_key", "cursor"].includes(name));
    expect(sortable.toSorted()).toEqual(COLUMNS.toSorted());
  });

  test("comes to every row once, whatever the size of a page and whoever writes meanwhile", {
    timeout: 120_000,
  }, async ({ written, connect }) => {
    const other = connect({ max: 1 });
    let added = 0;
    const insert = async () => {
      added += 1;
      await other`insert into conversations (session_id, message, created_at)
        values (${`new ${added}`}, ${"x".repeat(1 + (added % 90))}, ${new Date(Date.UTC(2025, 2, 20 + (added % 30)))})`;
    };

    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(
          "conversation_start",
          "total_tokens",
          "user_satisfaction",
          "session_id",
          "average_response_time",
        ),
        fc.boolean(),
        fc.integer({ min: 5, max: 60 }),
        async (sort, descending, size) => {
          const before = await inOrder(written, sort, descending);
          const seen = await walk(written, sort, descending, size, insert);

          expect(new Set(seen).size).toBe(seen.length);
          const known = new Set(before);
          expect(seen.filter((key) => known.has(key))).toEqual(before);
        },
      ),
      { numRuns: 20, seed },
    );
    await expectNoDrift(written);
  });

  test("gives the same pages whatever the session's settings for floats, dates and time zone", async ({
    written,
    connect,
  }) => {
    const strange = connect({ max: 1 });
    await strange`set extra_float_digits = -10`;
    await strange`set datestyle = 'German'`;
    await strange`set timezone = 'Asia/Kathmandu'`;

    for (const sort of ["average_response_time", "conversation_start"]) {
      expect(await walk(strange, sort, true, 9)).toEqual(await inOrder(written, sort, true));
    }
  });

  test("has the rows of the filter alone, with the values of the metrics", async ({ written }) => {
    const rows = await written`
      select to_jsonb(r) - 'cursor' - 'source' as row from report_conversations(report_filter(organization => '1', has_lead => true),
        page_size => 1000) as r order by session_key`;
    const kept = await written`
      select to_jsonb(k) as row from (select session_id, organization_id::text, widget_id::text, user_id::text,
        conversation_id::text, conversation_start, conversation_end, conversation_duration, total_messages, user_messages,
        ai_messages, total_tokens, prompt_tokens, completion_tokens, estimated_messages, average_response_time, response_count,
        has_lead, lead_name, lead_email, lead_company, user_satisfaction, rating_count, created_at, updated_at, session_key
        from conversation_metrics where organization_id = 1 and has_lead) as k order by session_key`;

    expect(rows.length).toBeGreaterThan(0);
    expect([...rows]).toEqual([...kept]);
  });

  test("a page of 0 rows has none", async ({ written }) => {
    expect(await page(written, "total_tokens", true, 0, null)).toHaveLength(0);
  });
});
