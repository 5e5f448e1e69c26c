import { describe, expect } from "vitest";
import type { Sql } from "../src/database.ts";
import { cases } from "./support/cases/index.ts";
import { test } from "./support/database.ts";
import { expectNoDrift, metricsOf } from "./support/oracle.ts";

for (const [about, rules] of Object.entries(cases)) {
  describe(about, () => {
    test.for(rules)("$title", async ({ write, metrics }, { db }) => {
      for (const statement of write) await db.unsafe(statement);

      const kept = await metricsOf(db);

      expect(kept).toMatchObject(metrics);
      expect(kept).toHaveLength(metrics.length);
      await expectNoDrift(db);
    });
  });
}

describe("when a metrics row changed", () => {
  const write = (db: Sql) =>
    db`insert into conversations (session_id, message, response, model) values ('s', 'hi', 'hello', 'm')`;
  const stamps = async (db: Sql) => {
    const [row] = await db<{ created: string; updated: string }[]>`
      select created_at::text as created, updated_at::text as updated from conversation_metrics`;
    return row;
  };

  test("a change of value moves updated_at and leaves created_at", async ({ db }) => {
    await write(db);
    const before = await stamps(db);
    await write(db);

    const after = await stamps(db);

    expect(after?.created).toBe(before?.created);
    expect(after?.updated).not.toBe(before?.updated);
    await expectNoDrift(db);
  });

  test.for([
    ["sets a row to what it was", "update conversations set message = message, response = response"],
    ["changes a column that counts for nothing", "update conversations set model = 'another'"],
    ["changes a text into one of the same size", "update conversations set message = 'ho'"],
    ["adds a lead that is not the latest", "insert into leads (session_id, created_at) values ('s', '2001-01-01')"],
    ["rates nothing", "insert into feedback (session_id, rating) values ('s', null)"],
    ["touches no row", "update conversations set message = 'long enough to count' where false"],
    ["deletes no row", "delete from conversations where false"],
  ] as const)("a statement that %s leaves updated_at alone", async ([, statement], { db }) => {
    await write(db);
    await db`insert into leads (session_id, name) values ('s', 'Ann')`;
    const before = await stamps(db);
    await db.unsafe(statement);

    const after = await stamps(db);

    expect(after).toEqual(before);
    await expectNoDrift(db);
  });
});
