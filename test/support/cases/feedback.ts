import type { Case } from "./case.ts";

const message = "insert into conversations (id, organization_id, session_id, message) values (1, 1, 's', 'hi')";
const other = "insert into conversations (id, organization_id, session_id, message) values (2, 1, 't', 'hi')";
const rate = (values: string) =>
  `insert into feedback (conversation_id, organization_id, session_id, rating) values ${values}`;
const unrated = { rating_count: 0, rating_sum: 0, user_satisfaction: null };

export const feedback: Case[] = [
  { title: "a session without feedback has no satisfaction", write: [message], metrics: [unrated] },
  {
    title: "satisfaction is the mean rating of the session's feedback",
    write: [message, rate("(null, 1, 's', 5), (null, 1, 's', 2), (1, 1, 's', 4)")],
    metrics: [{ rating_count: 3, rating_sum: 11, user_satisfaction: 11 / 3 }],
  },
  {
    title: "feedback before the first message counts",
    write: [rate("(null, 1, 's', 5)"), message],
    metrics: [{ rating_count: 1, user_satisfaction: 5 }],
  },
  { title: "feedback alone makes no metrics row", write: [rate("(null, 1, 's', 5)")], metrics: [] },
  {
    title: "feedback without a session belongs to that of its conversation row",
    write: [message, rate("(1, null, null, 4)")],
    metrics: [{ rating_count: 1, user_satisfaction: 4 }],
  },
  {
    title: "feedback without a session takes the organization of its conversation row, whatever its own says",
    write: [message, rate("(1, 77, null, 4)")],
    metrics: [{ organization_id: "1", rating_count: 1 }],
  },
  {
    title: "feedback with a session belongs to it, whatever its conversation row says",
    write: [message, other, rate("(1, 1, 't', 4)")],
    metrics: [
      { session_id: "s", ...unrated },
      { session_id: "t", rating_count: 1 },
    ],
  },
  {
    title: "feedback of another organization or of none is not the session's",
    write: [message, rate("(null, 2, 's', 1), (null, null, 's', 1), (1, null, 's', 1)")],
    metrics: [unrated],
  },
  {
    title: "feedback without an organization belongs to the session without one",
    write: ["insert into conversations (session_id, message) values ('s', 'hi')", rate("(null, null, 's', 3)")],
    metrics: [{ organization_id: null, rating_count: 1 }],
  },
  {
    title: "feedback with neither session nor conversation row belongs to none",
    write: [message, rate("(null, 1, null, 3)")],
    metrics: [unrated],
  },
  {
    title: "feedback on a conversation row without a session belongs to none",
    write: [
      "alter table conversations alter session_id drop not null",
      "insert into conversations (id, organization_id, session_id, message) values (3, 1, null, 'hi'), (1, 1, 's', 'a')",
      rate("(3, 1, null, 3)"),
    ],
    metrics: [unrated],
  },
  {
    title: "feedback without a rating is not counted",
    write: [message, rate("(1, 1, 's', null)")],
    metrics: [unrated],
  },
  {
    title: "ratings outside 1 to 5 are not counted",
    write: [
      // the application's own rules may allow them
      `do $$ declare c name; begin
        for c in select conname from pg_constraint where conrelid = 'feedback'::regclass and contype = 'c'
        loop execute format('alter table feedback drop constraint %I', c); end loop; end $$`,
      message,
      rate("(1, 1, 's', 0), (1, 1, 's', 6), (1, 1, 's', -3), (1, 1, 's', 1), (1, 1, 's', 5)"),
    ],
    metrics: [{ rating_count: 2, rating_sum: 6, user_satisfaction: 3 }],
  },
  {
    title: "feedback follows its conversation row to another session and organization",
    write: [
      message,
      other,
      rate("(1, null, null, 4), (1, 1, 's', 2)"),
      "update conversations set organization_id = 9, session_id = 'u' where id = 1",
      "insert into conversations (id, organization_id, session_id, message) values (3, 1, 's', 'hi')",
    ],
    metrics: [
      { organization_id: "1", session_id: "s", rating_count: 1, rating_sum: 2 },
      { organization_id: "1", session_id: "t", ...unrated },
      { organization_id: "9", session_id: "u", rating_count: 1, rating_sum: 4 },
    ],
  },
  {
    title: "feedback moved to another conversation row changes sessions",
    write: [message, other, rate("(1, null, null, 4)"), "update feedback set conversation_id = 2"],
    metrics: [
      { session_id: "s", ...unrated },
      { session_id: "t", rating_count: 1 },
    ],
  },
  {
    title: "feedback that is given a session leaves that of its conversation row",
    write: [message, other, rate("(1, null, null, 4)"), "update feedback set organization_id = 1, session_id = 't'"],
    metrics: [
      { session_id: "s", ...unrated },
      { session_id: "t", rating_count: 1 },
    ],
  },
  {
    title: "a changed rating counts as changed, and one taken back not at all",
    write: [
      message,
      rate("(1, 1, 's', 4), (1, 1, 's', 2)"),
      "update feedback set rating = 5 where rating = 4",
      "update feedback set rating = null where rating = 2",
    ],
    metrics: [{ rating_count: 1, rating_sum: 5 }],
  },
  {
    title: "deleted feedback is not counted",
    write: [message, rate("(1, 1, 's', 4), (1, null, null, 2)"), "delete from feedback where rating = 4"],
    metrics: [{ rating_count: 1, rating_sum: 2 }],
  },
  {
    title: "feedback goes with its conversation row",
    write: [
      message,
      "insert into conversations (id, organization_id, session_id, message) values (2, 1, 's', 'more')",
      rate("(1, null, null, 4), (1, 1, 's', 2), (null, 1, 's', 5)"),
      "delete from conversations where id = 1",
    ],
    metrics: [{ message_rows: 1, rating_count: 1, rating_sum: 5 }],
  },
];
