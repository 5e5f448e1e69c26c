import { expect } from "vitest";
import { test } from "./support/database.ts";
import { populate } from "./support/population.ts";

test("doctor finds nothing wrong in a database in use", async ({ db }) => {
  await populate(db);

  expect([...(await db`select check_name, finding from metrics.doctor() where not ok`)]).toEqual([]);
});

test.for([
  ["conversations", "alter table conversations rename column message to body", "source.message"],
  ["leads", "alter table leads rename column company to firm", "source.company"],
  ["feedback", "alter table feedback rename column rating to stars", "source.rating"],
] as const)("doctor finds a renamed column of %s, with the cure", async ([table, rename, column], { db }) => {
  await db.unsafe(rename);

  expect([...(await db`select check_name, finding, cure from metrics.doctor() where not ok`)]).toEqual([
    {
      check_name: "columns",
      finding: expect.stringMatching(`${table}: column ${column} does not exist`),
      cure: expect.stringContaining("Rename the column back"),
    },
  ]);
});
