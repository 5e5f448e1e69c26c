import { answer, lead, message, rating, type Scenario } from "./scenario.ts";

/** Questions and what answers them. */
export const answers: Scenario[] = [
  {
    title: "a question and its answer at once",
    a: [message("s", 1, "2025-03-01 00:00:00+00")],
    b: [answer("s", 2, "2025-03-01 00:00:05+00")],
  },
  {
    title: "two answers to one question at once",
    setUp: [message("s", 1, "2025-03-01 00:00:00+00")],
    a: [answer("s", 2, "2025-03-01 00:00:05+00")],
    b: [answer("s", 3, "2025-03-01 00:00:03+00")],
  },
  {
    title: "a row put between a question and its answer while the answer is deleted",
    setUp: [message("s", 1, "2025-03-01 00:00:00+00"), answer("s", 2, "2025-03-01 00:00:05+00")],
    a: [
      "insert into conversations (id, session_id, role, message, created_at) values (3, 's', 'system', 'x', '2025-03-01 00:00:03+00')",
    ],
    b: ["delete from conversations where id = 2"],
  },
  {
    title: "the rows around an answer deleted at once",
    setUp: [
      message("s", 1, "2025-03-01 00:00:00+00"),
      message("s", 2, "2025-03-01 00:00:02+00"),
      answer("s", 3, "2025-03-01 00:00:05+00"),
      answer("s", 4, "2025-03-01 00:00:09+00"),
    ],
    a: ["delete from conversations where id = 2"],
    b: ["delete from conversations where id = 3"],
  },
  {
    title: "a TRUNCATE of everything and a question that is answered",
    setUp: [message("s", 1), lead("s", 1), rating("s", 1)],
    a: ["truncate conversations, leads, feedback"],
    b: [message("t", 2), answer("t", 3, "2025-03-01 00:00:05+00")],
  },
  {
    title: "an answer moved away while its question is written again",
    setUp: [message("s", 1, "2025-03-01 00:00:00+00"), answer("s", 2, "2025-03-01 00:00:05+00")],
    a: ["update conversations set session_id = 't' where id = 2"],
    b: ["update conversations set message = 'changed', created_at = '2025-03-01 00:00:01+00' where id = 1"],
  },
  {
    title: "a question moved before an answer that is moved after it",
    setUp: [message("s", 1, "2025-03-01 00:00:09+00"), answer("s", 2, "2025-03-01 00:00:05+00")],
    a: ["update conversations set created_at = '2025-03-01 00:00:01+00' where id = 1"],
    b: ["update conversations set created_at = '2025-03-01 00:00:03+00' where id = 2"],
  },
  {
    title: "an answer written before its question",
    a: [answer("s", 2, "2025-03-01 00:00:05+00")],
    b: [message("s", 1, "2025-03-01 00:00:00+00"), message("s", 3, "2025-03-01 00:00:02+00")],
  },
];
