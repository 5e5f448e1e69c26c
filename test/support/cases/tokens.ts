import type { Case } from "./case.ts";

const one = (title: string, values: string, metrics: Record<string, unknown>, before: string[] = []): Case => ({
  title,
  write: [
    ...before,
    `insert into conversations (session_id, role, message, response, prompt_tokens, completion_tokens) values ${values}`,
  ],
  metrics: [metrics],
});

export const tokens: Case[] = [
  one(
    "four characters are estimated as one token and a fifth begins another",
    "('s', null, 'abcd', 'abcde', null, null)",
    {
      prompt_tokens: 1,
      completion_tokens: 2,
      total_tokens: 3,
      estimated_messages: 2,
    },
  ),
  one(
    "estimates are rounded up for each message, not for their sum",
    "('s', null, 'a', 'b', null, null), ('s', null, 'c', 'd', null, null)",
    {
      prompt_tokens: 2,
      completion_tokens: 2,
      total_tokens: 4,
      estimated_messages: 4,
    },
  ),
  one("the two AI messages of one row are rounded up each", "('s', 'assistant', 'abcde', 'fghij', null, null)", {
    prompt_tokens: 0,
    completion_tokens: 4,
    total_tokens: 4,
    estimated_messages: 2,
  }),
  one("estimates count characters, not bytes", "('s', null, '日本語です', '👍👍👍👍', null, null)", {
    prompt_tokens: 2,
    completion_tokens: 1,
  }),
  one("long texts are estimated in full", "('s', null, repeat('x', 400001), repeat('é', 1000000), null, null)", {
    prompt_tokens: 100001,
    completion_tokens: 250000,
  }),
  one("reported tokens are taken instead of estimates", "('s', null, 'abcd', 'abcd', 17, 23)", {
    prompt_tokens: 17,
    completion_tokens: 23,
    total_tokens: 40,
    estimated_messages: 0,
  }),
  one(
    "each side is reported or estimated by itself",
    "('s', null, 'abcd', 'abcd', 17, null), ('s', null, 'abcd', 'abcd', null, 23)",
    {
      prompt_tokens: 18,
      completion_tokens: 24,
      estimated_messages: 2,
    },
  ),
  one("a report of 0 is a report", "('s', null, 'abcd', 'abcd', 0, 0)", {
    prompt_tokens: 0,
    completion_tokens: 0,
    total_tokens: 0,
    estimated_messages: 0,
  }),
  one(
    "tokens reported for a side without a message count nothing",
    "('s', 'user', 'abcd', null, 5, 7), ('s', 'assistant', 'abcd', null, 11, 13)",
    {
      prompt_tokens: 5,
      completion_tokens: 13,
      total_tokens: 18,
      estimated_messages: 0,
    },
  ),
  one(
    "tokens reported on a row with nobody's message count nothing",
    "('s', 'system', 'abcd', null, 5, 7), ('s', null, '', null, 5, 7)",
    {
      prompt_tokens: 0,
      completion_tokens: 0,
      estimated_messages: 0,
    },
  ),
  one("a report counts once for a row with two AI messages", "('s', 'assistant', 'abcd', 'abcd', 5, 7)", {
    prompt_tokens: 0,
    completion_tokens: 7,
    estimated_messages: 0,
  }),
  one(
    "the largest report that is taken is the largest integer",
    "('s', null, 'a', 'b', 2147483647, 2147483647), ('s', null, 'a', 'b', 2147483647, 2147483647)",
    {
      prompt_tokens: 4294967294,
      completion_tokens: 4294967294,
      total_tokens: 8589934588,
    },
  ),
  one(
    "a report below 0 is none",
    "('s', null, 'abcd', 'abcd', -1, -2147483648)",
    { prompt_tokens: 1, completion_tokens: 1, estimated_messages: 2 },
    // the application's own rules may allow it
    [
      `do $$ declare c name; begin
      for c in select conname from pg_constraint
        where conrelid = 'conversations'::regclass and contype = 'c' and pg_get_constraintdef(oid) ~ '_tokens'
      loop execute format('alter table conversations drop constraint %I', c); end loop; end $$`,
    ],
  ),
];
