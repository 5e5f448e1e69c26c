import type { Random } from "./prng.ts";

// Few of everything, so that rows meet: the same sessions, the same times, the same ids again and again.
const texts = ["''", "'a'", "'abcd'", "'abcde'", "'日本語です'", "' '", "repeat('long ', 40)"] as const;
const times = [
  "'2025-03-01 00:00:00+00'",
  "'2025-03-01 00:00:00.000001+00'",
  "'2025-03-01 00:00:10+00'",
  "'2025-03-01 00:01:00.5+00'",
  "'2025-03-02 00:00:00+00'",
] as const;
const oddTimes = [
  "'infinity'",
  "'-infinity'",
  "'50000-01-01 00:00:00+00'",
  "'200000-01-01 00:00:00+00'",
  "'0044-03-15 00:00:00+00 BC'",
] as const;

const orNull = (r: Random, probability: number, value: string) => (r.chance(probability) ? "null" : value);

/** Random SQL literals for each column, by name. */
export const values = {
  id: (r: Random) => String(1 + r.below(40)),
  organization_id: (r: Random) => r.pick(["null", "1", "2"]),
  session_id: (r: Random) => r.pick(["'a'", "'a'", "'b'", "'c'", "'d'", "''"]),
  widget_id: (r: Random) => r.pick(["null", "1", "2"]),
  user_id: (r: Random) => r.pick(["null", "1", "2"]),
  role: (r: Random) => r.pick(["null", "null", "'user'", "'assistant'", "'system'"]),
  message: (r: Random) => orNull(r, 0.1, r.pick(texts)),
  response: (r: Random) => orNull(r, 0.4, r.pick(texts)),
  model: (r: Random) => r.pick(["null", "'m'"]),
  prompt_tokens: (r: Random) => orNull(r, 0.7, String(r.below(50))),
  completion_tokens: (r: Random) => orNull(r, 0.7, String(r.below(50))),
  created_at: (r: Random) => (r.chance(0.05) ? r.pick(oddTimes) : r.pick(times)),
  responded_at: (r: Random) => orNull(r, 0.3, r.chance(0.05) ? r.pick(oddTimes) : r.pick(times)),
  name: (r: Random) => r.pick(["null", "'Ann'", "'Ben'", "''"]),
  email: (r: Random) => r.pick(["null", "'ann@a.example'", "'ben@b.example'"]),
  company: (r: Random) => r.pick(["null", "'A'", "'B'"]),
  rating: (r: Random) => r.pick(["null", "1", "2", "3", "4", "5"]),
  feedback_text: (r: Random) => r.pick(["null", "'good'"]),
  /** A conversation row that may be there; NULL where none is. */
  conversation_id: (r: Random) =>
    orNull(r, 0.3, `(select id from conversations where id % 5 = ${r.below(5)} order by id desc limit 1)`),
};

export type Column = keyof typeof values;

/** The columns that each table's random statements write, its key left out. */
export const columns = {
  conversations: [
    "organization_id",
    "session_id",
    "widget_id",
    "user_id",
    "role",
    "message",
    "response",
    "model",
    "prompt_tokens",
    "completion_tokens",
    "created_at",
    "responded_at",
  ],
  leads: ["organization_id", "session_id", "name", "email", "company", "created_at"],
  feedback: ["organization_id", "session_id", "conversation_id", "rating", "feedback_text"],
} as const satisfies Record<string, readonly Column[]>;

export type Table = keyof typeof columns;

/** A value for a column of a table: feedback often comes without a session of its own. */
export const valueFor = (r: Random, table: Table, column: Column): string =>
  table === "feedback" && column === "session_id" && r.chance(0.5) ? "null" : values[column](r);
