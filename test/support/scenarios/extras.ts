import { deadlock, lead, message, rating, ratingOf, type Scenario } from "./scenario.ts";

/** Leads and feedback beside messages, and among themselves. */
export const extras: Scenario[] = [
  { title: "a first message and a lead of its session", a: [message("s", 1)], b: [lead("s", 1)] },
  { title: "a first message and feedback on its session", a: [message("s", 1)], b: [rating("s", 1)] },
  { title: "two leads of a session without messages", a: [lead("s", 1)], b: [lead("s", 2)] },
  {
    title: "a message and its lead, feedback and another message",
    a: [message("s", 1), lead("s", 1)],
    b: [rating("s", 1), message("s", 2)],
    ownErrors: deadlock,
  },
  {
    title: "the last row deleted while a lead comes",
    setUp: [message("s", 1)],
    a: ["delete from conversations where id = 1"],
    b: [lead("s", 1)],
  },
  {
    title: "the latest lead deleted while a later one comes",
    setUp: [message("s", 1), lead("s", 1), lead("s", 2, "2025-03-02")],
    a: ["delete from leads where id = 2"],
    b: [lead("s", 3, "2025-03-03")],
  },
  {
    title: "the latest lead deleted while the one before it is changed",
    setUp: [message("s", 1), lead("s", 1), lead("s", 2, "2025-03-02")],
    a: ["delete from leads where id = 2"],
    b: ["update leads set name = 'Changed' where id = 1"],
  },
  {
    title: "the two last leads deleted at once",
    setUp: [message("s", 1), lead("s", 1), lead("s", 2)],
    a: ["delete from leads where id = 2"],
    b: ["delete from leads where id = 1"],
  },
  {
    title: "a row moved while feedback is given on it",
    setUp: [message("s", 1)],
    a: ["update conversations set session_id = 't' where id = 1"],
    b: [ratingOf(1, 1)],
  },
  {
    title: "a row deleted while feedback is given on it",
    setUp: [message("s", 1), message("s", 2)],
    a: ["delete from conversations where id = 1"],
    b: [ratingOf(1, 1)],
    ownErrors: ["23503"],
  },
  {
    title: "a row moved while the feedback on it is changed",
    setUp: [message("s", 1), message("t", 2), ratingOf(1, 1)],
    a: ["update conversations set session_id = 't' where id = 1"],
    b: ["update feedback set rating = 5 where id = 1"],
  },
  {
    title: "a row moved while the feedback on it is given to another",
    setUp: [message("s", 1), message("t", 2), ratingOf(1, 1)],
    a: ["update conversations set session_id = 'u' where id = 1"],
    b: ["update feedback set conversation_id = 2 where id = 1"],
  },
  {
    title: "feedback moved while its session's last row is deleted",
    setUp: [message("s", 1), message("t", 2), rating("s", 1)],
    a: ["delete from conversations where id = 1"],
    b: ["update feedback set session_id = 't' where id = 1"],
  },
  {
    title: "a TRUNCATE of the leads and a lead",
    setUp: [message("s", 1), lead("s", 1)],
    a: ["truncate leads"],
    b: [lead("s", 2)],
  },
  {
    title: "a TRUNCATE of the feedback and a rating",
    setUp: [message("s", 1), rating("s", 1)],
    a: ["truncate feedback"],
    b: [rating("s", 2)],
  },
  {
    title: "a first message that is taken back to a savepoint and a lead",
    a: [`savepoint before; ${message("s", 1)}`, "rollback to before", message("s", 2)],
    b: [lead("s", 1)],
    ownErrors: deadlock,
  },
  {
    title: "a key changed while feedback is given on the row",
    setUp: [message("s", 1)],
    a: ["update conversations set id = 9 where id = 1"],
    b: [ratingOf(1, 1)],
    ownErrors: ["23503"],
  },
  {
    title: "a TRUNCATE of the leads and a lead of another session",
    setUp: [message("s", 1), message("t", 2), lead("s", 1)],
    a: ["truncate leads"],
    b: [lead("t", 2)],
  },
  {
    title: "a TRUNCATE of the feedback and a rating of another session",
    setUp: [message("s", 1), message("t", 2), rating("s", 1)],
    a: ["truncate feedback"],
    b: [rating("t", 2)],
  },
  {
    title: "a TRUNCATE of the conversations that leaves the feedback, and a rating of a row",
    setUp: [
      "alter table feedback drop constraint if exists feedback_conversation_id_fkey",
      message("s", 1),
      message("t", 2),
    ],
    a: ["truncate conversations", message("t", 2)],
    b: [ratingOf(2, 2)],
  },
];
