import { describe, expect } from "vitest";
import { test } from "./support/database.ts";
import { openActors, orders, play } from "./support/interleaving.ts";
import { expectNoDrift, metricsOf } from "./support/oracle.ts";
import { scenarios } from "./support/scenarios/index.ts";
import { answer, lead, message } from "./support/scenarios/scenario.ts";

// A snapshot that is too old is answered by 40001, and the application tries again: late, but never wrong. A snapshot is
// taken by a transaction's first query: its own write, or one before it, so that the other's commits can come between.
const levels = [
  { level: "read committed", isOld: false, errors: [] },
  { level: "repeatable read", isOld: false, errors: ["40001"] },
  { level: "repeatable read", isOld: true, errors: ["40001"] },
  { level: "serializable", isOld: true, errors: ["40001"] },
];

for (const { level, isOld, errors } of levels) {
  describe(`two writers in ${level}${isOld ? " with old snapshots" : ""}, in every order of their steps`, () => {
    test.for(scenarios)("$title", async ({ setUp = [], a, b, ownErrors = [] }, { db, connect }) => {
      const actors = await openActors(connect({ max: 2 }), 2);
      const begin = `begin isolation level ${level}; ${isOld ? "select 1" : ""};`;
      const scripts = [a, b].map((steps) => [...steps, "commit"]);
      const allowed = ["done", ...errors, ...ownErrors];

      for (const order of orders(scripts.map((script) => script.length))) {
        await db`truncate conversations, leads, feedback restart identity`;
        await db`alter sequence conversations_id_seq restart 100`;
        for (const statement of setUp) await db.unsafe(statement);
        for (const { connection } of actors) await connection.unsafe(begin);
        const outcomes = await play(db, actors, scripts, order);
        expect(
          outcomes.filter((outcome) => !allowed.includes(outcome)),
          `in the order ${order}`,
        ).toEqual([]);
        expect(outcomes, `in the order ${order}`).toContain("done");
        await expectNoDrift(db, `in the order ${order}, which ended in ${outcomes}`);
      }
    });
  });
}

test("an answer finds the question that opens its session and is committed while the answer is being counted", async ({
  db,
  connect,
}) => {
  const actors = await openActors(connect({ max: 3 }), 3);
  for (const { connection } of actors) await connection`begin`;
  const question = [message("s", 1, "2025-03-01 00:00:00+00"), "commit"];
  // Keeps whoever would write there waiting, after all that is only looked at: as CREATE INDEX does.
  const index = ["lock table conversation_metrics in share mode", "commit"];
  const reply = [answer("s", 2, "2025-03-01 00:00:05+00"), "commit"];

  const outcomes = await play(db, actors, [question, index, reply], [0, 1, 2, 0, 1, 2]);

  expect(outcomes).toEqual(["done", "done", "done"]);
  expect(await metricsOf(db)).toMatchObject([{ response_count: 1, average_response_time: 5 }]);
  await expectNoDrift(db);
});

test("a transaction that asked for an age before it wrote goes on with a lead of its session", async ({
  db,
  connect,
}) => {
  await db.unsafe(message("s", 1));
  const writer = await connect({ max: 1 }).reserve();
  await writer`begin`;
  await writer`select age('3'::xid)`;
  for (let n = 0; n < 5; n += 1) await db`select pg_current_xact_id()`;

  await writer.unsafe(message("s", 2));
  await writer.unsafe(`savepoint a; ${lead("s", 1)}; release a; ${lead("s", 2)}; commit`);
  writer.release();

  expect(await metricsOf(db)).toMatchObject([{ message_rows: 2, has_lead: true }]);
  await expectNoDrift(db);
});
