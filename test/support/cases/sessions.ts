import type { Case } from "./case.ts";

export const sessions: Case[] = [
  {
    title: "the same session id in several organizations is several sessions, and no organization is one of its own",
    write: [
      `insert into conversations (organization_id, session_id, message) values
       (1, 's', 'a'), (2, 's', 'a'), (null, 's', 'a'), (1, 's', 'a'), (null, 's', 'a'), (null, 's', 'a')`,
    ],
    metrics: [
      { organization_id: "1", session_id: "s", user_messages: 2 },
      { organization_id: "2", session_id: "s", user_messages: 1 },
      { organization_id: null, session_id: "s", user_messages: 3 },
    ],
  },
  {
    title: "an organization of number 0 is not the same as none",
    write: ["insert into conversations (organization_id, session_id, message) values (0, 's', 'a'), (null, 's', 'a')"],
    metrics: [
      { organization_id: "0", user_messages: 1 },
      { organization_id: null, user_messages: 1 },
    ],
  },
  {
    title: "an empty session id is a session",
    write: ["insert into conversations (organization_id, session_id, message) values (1, '', 'a'), (null, '', 'b')"],
    metrics: [
      { organization_id: "1", session_id: "", user_messages: 1 },
      { organization_id: null, session_id: "", user_messages: 1 },
    ],
  },
  {
    title: "session ids differ by case, blanks and accents",
    write: [
      `insert into conversations (session_id, message) values
       ('a', 'x'), ('A', 'x'), ('a ', 'x'), (' a', 'x'), ('á', 'x'), (U&'a\\0301', 'x')`,
    ],
    metrics: Array.from({ length: 6 }, () => ({ message_rows: 1 })),
  },
  {
    title: "organization and session are not run together",
    write: [
      `insert into conversations (organization_id, session_id, message) values
       (1, '1s', 'a'), (11, 's', 'a'), (null, '11s', 'a'), (1, '', 'a'), (null, '1', 'a')`,
    ],
    metrics: [
      { organization_id: "1", session_id: "" },
      { organization_id: "1", session_id: "1s" },
      { organization_id: "11", session_id: "s" },
      { organization_id: null, session_id: "1" },
      { organization_id: null, session_id: "11s" },
    ],
  },
  {
    title: "a row without a session id belongs to no session",
    write: [
      "alter table conversations alter session_id drop not null",
      "insert into conversations (organization_id, session_id, message) values (1, null, 'a'), (1, 's', 'b')",
    ],
    metrics: [{ session_id: "s", message_rows: 1 }],
  },
  {
    title: "widget and user are those of the first row, also where it has none",
    write: [
      `insert into conversations (session_id, widget_id, user_id, message, created_at) values
       ('s', 3, 4, 'second', '2025-03-01 10:00:01+00'), ('s', null, 6, 'first', '2025-03-01 10:00:00+00')`,
    ],
    metrics: [{ conversation_id: "2", widget_id: null, user_id: "6" }],
  },
  {
    title: "a row that comes later with an earlier time becomes the first",
    write: [
      "insert into conversations (session_id, widget_id, message, created_at) values ('s', 3, 'a', '2025-03-01')",
      "insert into conversations (session_id, widget_id, message, created_at) values ('s', 4, 'a', '2025-02-01')",
      "insert into conversations (session_id, widget_id, message, created_at) values ('s', 5, 'a', '2025-02-15')",
    ],
    metrics: [{ conversation_id: "2", widget_id: "4", message_rows: 3 }],
  },
  {
    title: "a session whose last row is deleted has no metrics row",
    write: [
      "insert into conversations (session_id, message) values ('s', 'a'), ('t', 'a')",
      "delete from conversations where session_id = 's'",
    ],
    metrics: [{ session_id: "t" }],
  },
];
