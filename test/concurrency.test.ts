import { describe, expect } from "vitest";
import { test } from "./support/database.ts";
import { openActors, orders, play } from "./support/interleaving.ts";
import { expectNoDrift } from "./support/oracle.ts";
import { scenarios } from "./support/scenarios.ts";

// A snapshot that is too old is answered by 40001, and the application tries again: late, but never wrong. Row locks
// that are taken before such a snapshot is found too old can meet in a deadlock as well.
const levels = [
  ["read committed", []],
  ["repeatable read", ["40001"]],
  ["serializable", ["40001"]],
] as const;

for (const [level, errors] of levels) {
  describe(`two writers in ${level}, in every order of their steps`, () => {
    test.for(scenarios)("$title", async ({ setUp = [], a, b, ownErrors = [] }, { db, connect }) => {
      const actors = await openActors(connect({ max: 2 }), 2);
      const scripts = [a, b].map(([first, ...rest]) => [`begin isolation level ${level}; ${first}`, ...rest, "commit"]);
      const allowed = ["done", ...errors, ...ownErrors];

      for (const order of orders(scripts.map((script) => script.length))) {
        await db`truncate conversations, leads, feedback restart identity`;
        await db`alter sequence conversations_id_seq restart 100`;
        for (const statement of setUp) await db.unsafe(statement);
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
