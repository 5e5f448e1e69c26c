/** Two writers at once: what each does in its transaction, and which SQLSTATEs are the application's own doing. */
export type Scenario = { title: string; setUp?: string[]; a: string[]; b: string[]; ownErrors?: string[] };

const message = (session: string, id: number, time = "2025-03-01") =>
  `insert into conversations (id, session_id, role, message, created_at)
   values (${id}, '${session}', 'user', 'hi', '${time}')`;
const answer = (session: string, id: number, time: string) =>
  `insert into conversations (id, session_id, role, message, created_at)
   values (${id}, '${session}', 'assistant', 'hello', '${time}')`;
const lead = (session: string, id: number, time = "2025-03-01") =>
  `insert into leads (id, session_id, name, created_at) values (${id}, '${session}', 'Lead ${id}', '${time}')`;
const rating = (session: string, id: number) =>
  `insert into feedback (id, session_id, rating) values (${id}, '${session}', ${1 + (id % 5)})`;
const ratingOf = (conversation: number, id: number) =>
  `insert into feedback (id, conversation_id, rating) values (${id}, ${conversation}, ${1 + (id % 5)})`;

/** Deadlocks where two transactions, not two statements, take things in opposite order. */
const deadlock = ["40P01"];

export const scenarios: Scenario[] = [
  { title: "a first message and a lead of its session", a: [message("s", 1)], b: [lead("s", 1)] },
  { title: "a first message and feedback on its session", a: [message("s", 1)], b: [rating("s", 1)] },
  { title: "two first messages of one session", a: [message("s", 1)], b: [message("s", 2, "2025-02-01")] },
  { title: "two leads of a session without messages", a: [lead("s", 1)], b: [lead("s", 2)] },
  {
    title: "a message and its lead, feedback and another message",
    a: [message("s", 1), lead("s", 1)],
    b: [rating("s", 1), message("s", 2)],
    ownErrors: deadlock,
  },
  {
    title: "the last row deleted while another is written",
    setUp: [message("s", 1)],
    a: ["delete from conversations where id = 1"],
    b: [message("s", 2)],
  },
  {
    title: "the last row deleted while a lead comes",
    setUp: [message("s", 1)],
    a: ["delete from conversations where id = 1"],
    b: [lead("s", 1)],
  },
  {
    title: "the last row deleted and written again while another comes",
    setUp: [message("s", 1)],
    a: ["delete from conversations where id = 1", message("s", 1)],
    b: [message("s", 2)],
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
  {
    title: "a TRUNCATE and a first message",
    setUp: [message("s", 1), lead("s", 1)],
    a: ["truncate conversations, feedback"],
    b: [message("s", 2)],
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
];
