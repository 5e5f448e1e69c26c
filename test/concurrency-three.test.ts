import { describe, expect } from "vitest";
import { test } from "./support/database.ts";
import { openActors, orders, play } from "./support/interleaving.ts";
import { expectNoDrift } from "./support/oracle.ts";
import { lead, message, rating } from "./support/scenarios/scenario.ts";

// A third transaction that begins and ends meanwhile: a snapshot can then be younger than one that is still under way.
const setUp = [message("s", 1), message("t", 2), lead("s", 1), rating("s", 1)];
const bystander = ["insert into conversations (session_id, message) values ('u', 'hi'); commit"];

describe("three writers in repeatable read, in every order of their steps", () => {
  test.for([
    ["a TRUNCATE of the leads and a lead", "truncate leads", lead("t", 2)],
    ["a TRUNCATE of the feedback and a rating", "truncate feedback", rating("t", 2)],
    ["a TRUNCATE of everything and a message", "truncate conversations, leads, feedback", message("v", 3)],
    ["a message deleted and written again", message("t", 1), "delete from conversations where id = 1"],
    ["a first message and another", message("v", 3), message("v", 4)],
  ] as const)("%s", async ([, a, b], { db, connect }) => {
    const actors = await openActors(connect({ max: 3 }), 3);
    const scripts = [[a, "commit"], [b, "commit"], bystander];

    for (const order of orders([2, 2, 1])) {
      await db`truncate conversations, leads, feedback restart identity`;
      await db`alter sequence conversations_id_seq restart 100`;
      for (const statement of setUp) await db.unsafe(statement);
      for (const { connection } of actors) await connection`begin isolation level repeatable read`;
      const outcomes = await play(db, actors, scripts, order);
      const unexpected = outcomes.filter((outcome) => !/^(done|40001.*|23505 of conversations)$/.test(outcome));
      expect(unexpected, `in the order ${order}`).toEqual([]);
      await expectNoDrift(db, `in the order ${order}, which ended in ${outcomes}`);
    }
  });
});
