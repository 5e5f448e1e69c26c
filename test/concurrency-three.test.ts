import { describe, expect } from "vitest";
import type { Sql } from "../src/database.ts";
import { type Connect, test } from "./support/database.ts";
import { openActors, orders, play } from "./support/interleaving.ts";
import { expectNoDrift } from "./support/oracle.ts";
import { lead, message, rating } from "./support/scenarios/scenario.ts";

// A third transaction that begins and ends meanwhile: a snapshot can then be younger than one that is still under way.
const setUp = [message("s", 1), message("t", 2), message("s", 5, "2025-04-01"), lead("s", 1), rating("s", 1)];
const bystander = ["insert into conversations (session_id, message) values ('u', 'hi'); commit"];

// Two wait for the first; when it commits it is chance which goes on first, so each order comes up several times.
const waiting = [
  [0, 1, 2, 0, 1, 2],
  [0, 2, 1, 0, 1, 2],
].flatMap((order) => Array.from({ length: 15 }, () => order));

type Writers = {
  db: Sql;
  connect: Connect;
  level: string;
  scripts: string[][];
  turns: number[][];
  allowed: RegExp;
};

const playAll = async ({ db, connect, level, scripts, turns, allowed }: Writers) => {
  const actors = await openActors(connect({ max: scripts.length }), scripts.length);
  for (const order of turns) {
    await db`truncate conversations, leads, feedback restart identity`;
    await db`alter sequence conversations_id_seq restart 100`;
    for (const statement of setUp) await db.unsafe(statement);
    for (const { connection } of actors) await connection.unsafe(`begin isolation level ${level}`);
    const outcomes = await play(db, actors, scripts, order);
    expect(
      outcomes.filter((outcome) => !allowed.test(outcome)),
      `in the order ${order}`,
    ).toEqual([]);
    await expectNoDrift(db, `in the order ${order}, which ended in ${outcomes}`);
  }
};

describe("three writers in repeatable read, in every order of their steps", () => {
  test.for([
    ["a lead and a TRUNCATE of the leads", lead("t", 2), "truncate leads"],
    ["a rating and a TRUNCATE of the feedback", rating("t", 2), "truncate feedback"],
    ["a message and a TRUNCATE of everything", message("v", 3), "truncate conversations, leads, feedback"],
    ["a message deleted and written again", "delete from conversations where id = 1", message("t", 1)],
    ["a first message and another", message("v", 3), message("v", 4)],
  ] as const)("%s", async ([, a, b], { db, connect }) => {
    const scripts = [[a, "commit"], [b, "commit"], bystander];
    const allowed = /^(done|40001.*|23505 of conversations)$/;

    await playAll({ db, connect, level: "repeatable read", scripts, turns: orders([2, 2, 1]), allowed });
  });
});

describe("three writers in read committed, two of which wait for the first", () => {
  test.for([
    [
      "a first row deleted, a row that becomes the first, and a lead",
      "delete from conversations where id = 1",
      message("s", 3, "2025-03-15"),
      lead("s", 2),
    ],
    [
      "a start moved, a row that becomes the first, and a rating",
      "update conversations set created_at = '2025-05-01' where id = 1",
      message("s", 3, "2025-03-15"),
      rating("s", 2),
    ],
    [
      "a last row moved away, a message and a message",
      "update conversations set session_id = 's' where id = 2",
      message("t", 3),
      message("t", 4),
    ],
    [
      "a last row deleted, a message and a lead",
      "delete from conversations where id = 2",
      message("t", 3),
      lead("t", 2),
    ],
    ["a lead, a rating and a first message", lead("v", 2), rating("v", 2), message("v", 3)],
  ] as const)("%s", async ([, a, b, c], { db, connect }) => {
    const scripts = [a, b, c].map((statement) => [statement, "commit"]);

    await playAll({ db, connect, level: "read committed", scripts, turns: waiting, allowed: /^done$/ });
  });
});
