import type { Case } from "./case.ts";

type Metrics = Record<string, unknown>;

const t = (seconds: number) => `timestamptz '2025-03-01 10:00:00+00' + interval '${seconds} s'`;

/** Rows of one session: id, role, message, response, seconds of created_at and of responded_at. */
const one = (title: string, rows: [number, string, string, string, string, string][], metrics: Metrics): Case => ({
  title,
  write: [
    `insert into conversations (id, session_id, role, message, response, created_at, responded_at)
     values ${rows.map(([id, ...rest]) => `(${id}, 's', ${rest.join(", ")})`).join(", ")}`,
  ],
  metrics: [metrics],
});

const none: Metrics = { response_count: 0, response_us_sum: 0, average_response_time: null };
const is = (seconds: number, count = 1): Metrics => ({
  response_count: count,
  response_us_sum: Math.round(seconds * 1e6),
  average_response_time: seconds / count,
});

const user = (id: number, at: number): [number, string, string, string, string, string] => [
  id,
  "'user'",
  "'question'",
  "null",
  t(at),
  "null",
];
const assistant = (id: number, at: number): [number, string, string, string, string, string] => [
  id,
  "'assistant'",
  "'answer'",
  "null",
  t(at),
  "null",
];

export const responses: Case[] = [
  one(
    "an exchange was answered after the time from message to response",
    [[1, "null", "'a'", "'b'", t(0), t(2.5)]],
    is(2.5),
  ),
  one(
    "response times are exact to the microsecond",
    [
      [1, "null", "'a'", "'b'", t(0), t(0.000001)],
      [2, "null", "'a'", "'b'", t(1), t(1.000002)],
    ],
    { response_count: 2, response_us_sum: 3, average_response_time: 0.0000015 },
  ),
  one(
    "a response before its message took 0 seconds",
    [
      [1, "null", "'a'", "'b'", t(10), t(4)],
      [2, "null", "'a'", "'b'", t(20), t(22)],
    ],
    is(2, 2),
  ),
  one(
    "a response of unknown time is not known by the next row",
    [[1, "null", "'a'", "'b'", t(0), "null"], assistant(2, 5)],
    none,
  ),
  one(
    "a message of unknown time is not answered in a known time",
    [[1, "null", "'a'", "'b'", "'infinity'", t(2)]],
    none,
  ),
  one("a response time without a response is no answer", [[1, "null", "'a'", "''", t(0), t(2)]], none),
  one(
    "a response without a user's message answers nothing",
    [
      [1, "null", "null", "'b'", t(0), t(2)],
      [2, "'assistant'", "'a'", "'b'", t(3), t(9)],
    ],
    none,
  ),
  one("a user's message is answered by the assistant's message in the next row", [user(1, 0), assistant(2, 3)], is(3)),
  one("the next row is the next in time, not in id", [assistant(1, 3), user(2, 0)], is(3)),
  one("only the first assistant's message answers", [user(1, 0), assistant(2, 3), assistant(3, 9)], is(3)),
  one(
    "of two user's messages the one right before the answer is answered",
    [user(1, 0), user(2, 4), assistant(3, 5)],
    is(1),
  ),
  one(
    "a row of another role in between leaves the message unanswered",
    [user(1, 0), [2, "'system'", "'note'", "null", t(1), "null"], assistant(3, 3)],
    none,
  ),
  one(
    "a row without any text in between leaves the message unanswered",
    [user(1, 0), [2, "'assistant'", "''", "null", t(1), "null"], assistant(3, 3)],
    none,
  ),
  one(
    "an exchange in the next row does not answer the message before it",
    [user(1, 0), [2, "null", "'a'", "'b'", t(5), t(6)]],
    is(1),
  ),
  one("a next row with a response alone answers", [user(1, 0), [2, "null", "null", "'b'", t(4), t(6)]], is(4)),
  one(
    "a next row with a response beside nobody's message answers",
    [user(1, 0), [2, "'system'", "'note'", "'b'", t(4), "null"]],
    is(4),
  ),
  one(
    "an answer of unknown time leaves the response time unknown",
    [user(1, 0), [2, "'assistant'", "'answer'", "null", "'infinity'", "null"]],
    none,
  ),
  one(
    "a question of unknown time is not answered in a known time",
    [
      [1, "'user'", "'a'", "null", "'infinity'", "null"],
      [2, "'assistant'", "'answer'", "null", "'infinity'", "null"],
    ],
    none,
  ),
  one("an answer at the time of its question took 0 seconds", [user(1, 0), assistant(2, 0)], is(0)),
  one("at one time the lower id comes first, so it is not answered by it", [assistant(1, 0), user(2, 0)], none),
  one(
    "the average is over exchanges and single messages alike",
    [[1, "null", "'a'", "'b'", t(0), t(1)], user(2, 10), assistant(3, 14), user(4, 20), assistant(5, 24)],
    is(9, 3),
  ),
  {
    title: "rows of another session in between do not part a question from its answer",
    write: [
      `insert into conversations (session_id, role, message, created_at) values
       ('s', 'user', 'a', ${t(0)}), ('other', 'user', 'x', ${t(1)}), ('s', 'assistant', 'b', ${t(2)}),
       ('other', 'assistant', 'y', ${t(6)})`,
    ],
    metrics: [
      { session_id: "other", ...is(5) },
      { session_id: "s", ...is(2) },
    ],
  },
];
