import { describe, expect } from "vitest";
import type { Sql } from "../src/database.ts";
import { test } from "./support/database.ts";
import { writeOneOfEach } from "./support/one-of-each.ts";
import { expectNoDrift, metricsOf } from "./support/oracle.ts";
import { populate } from "./support/population.ts";

describe("PREPARE TRANSACTION", () => {
  const prepare = async (db: Sql, name: string) => {
    const connection = await db.reserve();
    try {
      await connection`begin`;
      await writeOneOfEach(connection);
      await connection.unsafe(`prepare transaction '${name}'`);
    } finally {
      connection.release();
    }
  };
  const limit = async (db: Sql) => {
    const [row] = await db<{ max_prepared_transactions: string }[]>`show max_prepared_transactions`;
    return Number(row?.max_prepared_transactions);
  };

  for (const [end, changes] of [
    ["commit", true],
    ["rollback", false],
  ] as const) {
    test(`${end} prepared ${changes ? "applies" : "undoes"} what the transaction wrote`, async ({ db, skip }) => {
      skip((await limit(db)) === 0, "this server has max_prepared_transactions = 0");
      await populate(db);
      const before = await metricsOf(db);
      const [{ name } = { name: "" }] = await db<{ name: string }[]>`select current_database() || ' prepared' as name`;

      await prepare(db, name);
      const between = await metricsOf(db);
      await db.unsafe(`${end} prepared '${name}'`);

      expect(between).toEqual(before);
      expect((await metricsOf(db)).some((row) => row.session_id === "new")).toBe(changes);
      await expectNoDrift(db);
    });
  }
});
