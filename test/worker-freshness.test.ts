import { describe, expect } from "vitest";
import type { Sql } from "../src/database.ts";
import { expectNoDrift } from "./support/oracle.ts";
import { counterWith, test, until, untilCounted } from "./support/worker.ts";

const FRESH_MS = 2000;

/** Messages of the last days, older ones with smaller ids, as a backfill leaves them. */
const backlog = (db: Sql, rows: number) => db`
  insert into conversations (organization_id, session_id, message, response, created_at)
  select n % 7, 's' || n % 500, 'question number ' || n || repeat(' and so on', n % 20), repeat('answer, ' || n, n % 30),
    now() - interval '1 s' * (${rows}::int - n)
  from generate_series(1, ${rows}::int) as n`;

const countedNow = (id: string) =>
  `exists (select from metrics.messages where conversation_id = ${id} and prompt_source = 'tiktoken' and completion_source = 'tiktoken')`;

const say = async (db: Sql, text: string) => {
  const [row] = await db<[{ id: string }]>`
    insert into conversations (organization_id, session_id, message, response) values (1, 'live', ${text}, 'Yes.')
    returning id`;
  return row.id;
};

describe("a running worker", () => {
  test("makes each message exact within 2 s of its commit", async ({ start, db }) => {
    await start();
    await untilCounted(db);

    for (let n = 0; n < 5; n += 1) {
      const id = await say(db, `Message ${n}: ¿está abierto el domingo? 日曜日は?`);
      await until(db, countedNow(id), FRESH_MS);
    }

    await expectNoDrift(db);
  });

  test("lets no live message wait behind a backlog", async ({ start, db }) => {
    await backlog(db, 20_000);
    await start();

    let live = 0;
    for (; live < 100; live += 1) {
      const id = await say(db, `Live message ${live}`);
      await until(db, countedNow(id), FRESH_MS);
      const [row] = await db`select count(*)::int as waiting from metrics.messages where prompt_source = 'estimate'`;
      if (row?.waiting === 0) break;
    }
    await untilCounted(db);

    expect(live).toBeGreaterThan(2); // else the backlog was gone before it could be in the way
    await expectNoDrift(db);
  });

  test("counts the newest first", async ({ start, db }) => {
    await backlog(db, 20_000);
    const seen: number[] = [];
    const counter = counterWith((text) => {
      const number = /^question number (\d+)/.exec(text)?.[1];
      if (number !== undefined) seen.push(Number(number));
    });

    await start({ counter });
    await untilCounted(db);

    // Batches run side by side, so neighbours may change places.
    const eighth = seen.length / 8;
    const mean = (part: number[]) => part.reduce((sum, n) => sum + n, 0) / part.length;
    const means = Array.from({ length: 8 }, (_, n) => mean(seen.slice(n * eighth, (n + 1) * eighth)));
    expect(seen).toHaveLength(20_000);
    expect(means).toEqual(means.toSorted((a, b) => b - a));
    expect(means[0]).toBeGreaterThan(16_000);
  });

  test("lets nobody wait for a long text", async ({ start, db }) => {
    await start();
    await db`insert into conversations (session_id, message) values ('long', ${"not one line of it is short, and ".repeat(30_000)})`;

    const ids = await Promise.all(Array.from({ length: 20 }, (_, n) => say(db, `Beside a long one, ${n}`)));
    for (const id of ids) await until(db, countedNow(id), FRESH_MS);
    await untilCounted(db);

    await expectNoDrift(db);
  });
});
