import type { Sql } from "../../src/database.ts";

/**
 * Makes rollups cover all times, present and future ones too: then every change must be noted, and what a test
 * writes is rolled up, and checked, by the oracle. As it comes, rollups stay behind by an hour and a half.
 */
export const makeRollupsEager = async (sql: Sql, schema = "metrics"): Promise<void> => {
  await sql`
    create or replace function metrics.rollup_delay() returns interval language sql immutable parallel safe
    begin atomic select interval '-200 years'; end`;
  await sql`update ${sql(schema)}.rollup_state set built_to = '2150-01-01Z', closed_to = '2150-01-01Z'`;
};

/** Rolls up until nothing is left to do. */
export const rollUp = async (sql: Sql, schema = "metrics"): Promise<void> => {
  for (let round = 0; round < 100; round += 1) {
    const [row] = await sql<[{ is_done: boolean }]>`select is_done from ${sql(`${schema}.roll_up`)}()`;
    if (row.is_done) return;
  }
  throw new Error("Rolling up does not come to an end.");
};
