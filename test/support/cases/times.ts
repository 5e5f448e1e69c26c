import type { Case } from "./case.ts";

const one = (title: string, values: string, metrics: Record<string, unknown>, before: string[] = []): Case => ({
  title,
  write: [
    ...before,
    `insert into conversations (id, session_id, message, response, created_at, responded_at) values ${values}`,
  ],
  metrics: [metrics],
});

const nullable = ["alter table conversations alter created_at drop not null"];

export const times: Case[] = [
  one(
    "a session starts with its first row, ends with its last and lasts as long as between them",
    `(1, 's', 'a', null, '2025-03-01 10:00:05.25+00', null), (2, 's', 'b', null, '2025-03-01 10:00:00+00', null),
     (3, 's', 'c', null, '2025-03-01 10:02:00+00', null)`,
    {
      conversation_start: "2025-03-01T10:00:00+00:00",
      conversation_end: "2025-03-01T10:02:00+00:00",
      conversation_duration: 120,
    },
  ),
  one(
    "a session ends with its last response",
    `(1, 's', 'a', 'b', '2025-03-01 10:00:00+00', '2025-03-01 10:00:07.000001+00'),
     (2, 's', 'a', null, '2025-03-01 10:00:05+00', null)`,
    { conversation_end: "2025-03-01T10:00:07.000001+00:00", conversation_duration: 7.000001 },
  ),
  one(
    "the time of a response that is empty does not move the end",
    `(1, 's', 'a', '', '2025-03-01 10:00:00+00', '2025-03-01 11:00:00+00'),
     (2, 's', 'a', null, '2025-03-01 10:00:05+00', '2025-03-01 11:00:00+00')`,
    { conversation_end: "2025-03-01T10:00:05+00:00", conversation_duration: 5 },
  ),
  one(
    "a response before its message moves neither the start nor the end",
    `(1, 's', 'a', 'b', '2025-03-01 10:00:00+00', '2025-03-01 09:00:00+00')`,
    {
      conversation_start: "2025-03-01T10:00:00+00:00",
      conversation_end: "2025-03-01T10:00:00+00:00",
      conversation_duration: 0,
    },
  ),
  one(
    "rows of an infinite time stand last and move neither the start nor the end",
    `(1, 's', 'a', null, '-infinity', null), (2, 's', 'a', null, 'infinity', null),
     (3, 's', 'a', null, '2025-03-01 10:00:00+00', null)`,
    {
      conversation_id: "3",
      message_rows: 3,
      conversation_start: "2025-03-01T10:00:00+00:00",
      conversation_end: "2025-03-01T10:00:00+00:00",
    },
  ),
  one(
    "rows of no time stand last and move neither the start nor the end",
    `(1, 's', 'a', null, null, null), (2, 's', 'a', null, '2025-03-01 10:00:00+00', null)`,
    {
      conversation_id: "2",
      message_rows: 2,
      conversation_start: "2025-03-01T10:00:00+00:00",
      conversation_end: "2025-03-01T10:00:00+00:00",
    },
    nullable,
  ),
  one(
    "a session of unknown times has no start, end and duration, and its first row is that of the lowest id",
    `(8, 's', 'a', null, 'infinity', null), (7, 's', 'a', null, null, null), (9, 's', 'a', null, '-infinity', null)`,
    { conversation_id: "7", conversation_start: null, conversation_end: null, conversation_duration: null },
    nullable,
  ),
  one(
    "a known response in a row of unknown time gives an end without a start",
    `(1, 's', 'a', 'b', 'infinity', '2025-03-01 10:00:00+00')`,
    {
      conversation_start: null,
      conversation_end: "2025-03-01T10:00:00+00:00",
      conversation_duration: null,
      response_count: 0,
    },
  ),
  one(
    "an infinite response time is unknown",
    `(1, 's', 'a', 'b', '2025-03-01 10:00:00+00', 'infinity'), (2, 's', 'a', 'b', '2025-03-01 10:00:00+00', '-infinity')`,
    { conversation_end: "2025-03-01T10:00:00+00:00", conversation_duration: 0, response_count: 0 },
  ),
  one(
    "rows of one time are ordered by id",
    `(12, 's', 'a', null, '2025-03-01 10:00:00+00', null), (11, 's', 'a', null, '2025-03-01 10:00:00+00', null)`,
    { conversation_id: "11" },
  ),
  one(
    "a session may last as long as there are years to write",
    `(1, 's', 'a', null, '2025-03-01 10:00:00+00', null), (2, 's', 'a', null, '50000-01-01 00:00:00+00', null)`,
    {
      conversation_start: "2025-03-01T10:00:00+00:00",
      conversation_end: "50000-01-01T00:00:00+00:00",
      conversation_duration: 1_513_939_557_600,
    },
  ),
  one(
    "the last microsecond of the year 199999 is a time like any other",
    `(1, 's', 'a', 'b', '199999-12-31 23:59:59+00', '199999-12-31 23:59:59.999999+00')`,
    { conversation_duration: 0.999999, response_count: 1, response_us_sum: 999999 },
  ),
  one(
    "from the year 200000 on a time is unknown: such a row stands last and moves neither the start nor the end",
    `(1, 's', 'a', null, '200000-01-01 00:00:00+00', null),
     (2, 's', 'a', 'b', '2025-03-01 10:00:00+00', '200000-01-01 00:00:00+00'),
     (3, 's', 'a', null, '294276-12-31 23:59:59.999999+00', null)`,
    {
      conversation_id: "2",
      message_rows: 3,
      conversation_start: "2025-03-01T10:00:00+00:00",
      conversation_end: "2025-03-01T10:00:00+00:00",
      conversation_duration: 0,
      response_count: 0,
    },
  ),
  one(
    "the oldest time that there is starts a session like any other",
    `(1, 's', 'a', null, '4714-11-24 00:00:00+00 BC', null), (2, 's', 'a', null, '4714-11-24 00:00:01+00 BC', null)`,
    { conversation_start: "4714-11-24T00:00:00+00:00 BC", conversation_duration: 1 },
  ),
  one(
    "the longest response that there can be is exact",
    `(1, 's', 'a', 'b', '4714-11-24 00:00:00+00 BC', '199999-12-31 23:59:59+00')`,
    { conversation_duration: 6_460_089_983_999, response_count: 1, response_us_sum: 6_460_089_983_999e6 },
  ),
];
