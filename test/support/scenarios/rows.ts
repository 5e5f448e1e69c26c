import { message, type Scenario } from "./scenario.ts";

/** The same rows and the ends of a session. */
export const rows: Scenario[] = [
  {
    title: "the last row deleted while another is written",
    setUp: [message("s", 1)],
    a: ["delete from conversations where id = 1"],
    b: [message("s", 2)],
  },
  {
    title: "the last row deleted and written again while another comes",
    setUp: [message("s", 1)],
    a: ["delete from conversations where id = 1", message("s", 1)],
    b: [message("s", 2)],
  },
  {
    title: "a row moved while it is deleted",
    setUp: [message("s", 1), message("t", 2)],
    a: ["update conversations set session_id = 't' where id = 1"],
    b: ["delete from conversations where id = 1"],
  },
  {
    title: "a row moved to two places",
    setUp: [message("s", 1)],
    a: ["update conversations set session_id = 't' where id = 1"],
    b: ["update conversations set session_id = 'u' where session_id = 's'"],
  },
  {
    title: "a row moved into a session whose last row is deleted",
    setUp: [message("s", 1), message("t", 2)],
    a: ["update conversations set session_id = 't' where id = 1"],
    b: ["delete from conversations where id = 2"],
  },
  {
    title: "rows moved between two sessions in both directions",
    setUp: [message("s", 1), message("t", 2)],
    a: ["update conversations set session_id = 't' where id = 1"],
    b: ["update conversations set session_id = 's' where id = 2"],
  },
  {
    title: "one row changed by both",
    setUp: [message("s", 1)],
    a: ["update conversations set message = 'a longer message' where id = 1"],
    b: ["update conversations set response = 'hello', role = null, responded_at = '2025-03-02' where id = 1"],
  },
  {
    title: "one id upserted by both",
    a: [`${message("s", 1)} on conflict (id) do update set message = 'by a', session_id = 's'`],
    b: [`${message("t", 1)} on conflict (id) do update set message = 'by b!!', session_id = 't'`],
  },
  {
    title: "the first row deleted while an earlier one comes",
    setUp: [message("s", 1), message("s", 2, "2025-04-01")],
    a: ["delete from conversations where id = 1"],
    b: [message("s", 3, "2025-02-01")],
  },
  {
    title: "the two first rows deleted at once",
    setUp: [message("s", 1), message("s", 2, "2025-04-01"), message("s", 3, "2025-05-01")],
    a: ["delete from conversations where id = 1"],
    b: ["delete from conversations where id = 2"],
  },
  {
    title: "all rows of a session deleted by both",
    setUp: [message("s", 1), message("s", 2)],
    a: ["delete from conversations where session_id = 's'"],
    b: ["delete from conversations where session_id = 's'"],
  },
  // An old snapshot shows both the row that the other deleted and the writer's own of the same id.
  {
    title: "a row deleted while its id is written again",
    setUp: [message("s", 1), message("s", 2)],
    a: [message("s", 1, "2025-02-01")],
    b: ["delete from conversations where id = 1"],
    ownErrors: ["23505 of conversations"],
  },
  {
    title: "a row deleted while its id is written again in a session of its own",
    setUp: [message("s", 1), message("s", 2)],
    a: [message("t", 2)],
    b: ["delete from conversations where id = 2"],
    ownErrors: ["23505 of conversations"],
  },
  {
    title: "a row deleted while its id is upserted in another session, among others",
    setUp: [message("s", 1), message("s", 2), message("t", 3)],
    a: [
      `insert into conversations (id, session_id, message) values (2, 't', 'hi'), (7, 't', 'hi'), (8, 'u', 'hi')
       on conflict (id) do update set session_id = 'v'`,
    ],
    b: ["delete from conversations where id = 2"],
  },
  {
    title: "a row deleted while another takes its id",
    setUp: [message("s", 1), message("s", 2), message("t", 3)],
    a: ["update conversations set id = 2, session_id = 'u' where id = 3"],
    b: ["delete from conversations where id = 2"],
    ownErrors: ["23505 of conversations"],
  },
];
