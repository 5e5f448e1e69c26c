import type { Case } from "./case.ts";

const one = (title: string, values: string, metrics: Record<string, unknown>): Case => ({
  title,
  write: [`insert into conversations (session_id, role, message, response) values ${values}`],
  metrics: [metrics],
});

const nothing = { user_messages: 0, ai_messages: 0, total_messages: 0, total_tokens: 0, estimated_messages: 0 };

export const counting: Case[] = [
  one("an exchange with both texts counts two messages", "('s', null, 'hi', 'hello')", {
    user_messages: 1,
    ai_messages: 1,
    total_messages: 2,
    message_rows: 1,
    open_rows: 0,
  }),
  one("an exchange that has no response yet counts one message and is open", "('s', null, 'hi', null)", {
    user_messages: 1,
    ai_messages: 0,
    total_messages: 1,
    message_rows: 1,
    open_rows: 1,
  }),
  one("an exchange whose response is empty is open", "('s', null, 'hi', '')", {
    user_messages: 1,
    ai_messages: 0,
    open_rows: 1,
  }),
  one("a message with the role user is the user's", "('s', 'user', 'hi', null)", {
    user_messages: 1,
    ai_messages: 0,
    open_rows: 1,
  }),
  one("a message with the role assistant is the AI's and is not open", "('s', 'assistant', 'hello', null)", {
    user_messages: 0,
    ai_messages: 1,
    total_messages: 1,
    open_rows: 0,
  }),
  one("a row with the role assistant and both texts holds two AI messages", "('s', 'assistant', 'hello', 'more')", {
    user_messages: 0,
    ai_messages: 2,
    total_messages: 2,
    open_rows: 0,
  }),
  one(
    "a message with the role system is nobody's, and its row belongs to its session",
    "('s', 'system', 'be nice', null)",
    {
      ...nothing,
      message_rows: 1,
      open_rows: 0,
    },
  ),
  one("a response is the AI's whatever the role", "('s', 'system', 'be nice', 'I will')", {
    user_messages: 0,
    ai_messages: 1,
    open_rows: 0,
  }),
  one(
    "a role counts only as it is spelled",
    "('s', 'User', 'hi', null), ('s', 'ASSISTANT', 'ho', null), ('s', '', 'he', null)",
    {
      ...nothing,
      message_rows: 3,
      open_rows: 0,
    },
  ),
  one(
    "empty and NULL texts are no messages, and their rows belong to their session",
    "('s', null, '', ''), ('s', null, null, null)",
    {
      ...nothing,
      message_rows: 2,
      open_rows: 0,
    },
  ),
  one("a blank is a message", "('s', null, ' ', e'\\n')", {
    user_messages: 1,
    ai_messages: 1,
    prompt_tokens: 1,
    completion_tokens: 1,
  }),
  one("a response without a message counts for the AI alone", "('s', null, null, 'hello')", {
    user_messages: 0,
    ai_messages: 1,
    message_rows: 1,
    open_rows: 0,
  }),
  one(
    "exchanges and single messages add up within one session",
    "('s', 'system', 'be nice', null), ('s', 'user', 'a', null), ('s', 'assistant', 'b', null), ('s', null, 'c', 'd')",
    { user_messages: 2, ai_messages: 2, total_messages: 4, message_rows: 4, open_rows: 1 },
  ),
];
