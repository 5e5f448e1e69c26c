import { deadlock, lead, message, type Scenario } from "./scenario.ts";

/** First messages, whole tables, several sessions in one transaction. */
export const whole: Scenario[] = [
  { title: "two first messages of one session", a: [message("s", 1)], b: [message("s", 2, "2025-02-01")] },
  {
    title: "two first messages of a session that was emptied",
    setUp: [message("s", 1), "delete from conversations"],
    a: [message("s", 2)],
    b: [message("s", 3)],
  },
  {
    title: "two first messages of a session that has a lead",
    setUp: [lead("s", 1)],
    a: [message("s", 2)],
    b: [message("s", 3)],
  },
  {
    title: "a session emptied and opened again while another opens it",
    setUp: [message("s", 1)],
    a: ["delete from conversations where id = 1", message("s", 2)],
    b: ["delete from conversations where session_id = 's'", message("s", 3)],
  },
  {
    title: "a TRUNCATE and a first message",
    setUp: [message("s", 1), lead("s", 1)],
    a: ["truncate conversations, feedback"],
    b: [message("s", 2)],
  },
  {
    title: "two statements over many sessions in opposite orders",
    setUp: [message("s", 1), message("t", 2)],
    a: ["insert into conversations (session_id, message) select 's' || n, 'a' from generate_series(1, 30) as n"],
    b: ["insert into conversations (session_id, message) select 's' || n, 'b' from generate_series(30, 1, -1) as n"],
  },
  {
    title: "two transactions over two sessions in opposite orders",
    setUp: [message("s", 1), message("t", 2)],
    a: [message("s", 3), message("t", 4)],
    b: [message("t", 5), message("s", 6)],
    ownErrors: deadlock,
  },
  {
    title: "a write that is taken back to a savepoint while the other waits for it",
    setUp: [message("s", 1)],
    a: ["savepoint before", "delete from conversations where id = 1", "rollback to before"],
    b: [message("s", 2)],
  },
];
