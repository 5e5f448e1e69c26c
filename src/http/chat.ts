import type { ChatMessage } from "../chat/answerer.ts";
import { readHistory } from "../chat/history.ts";
import { answerBody, type Chat, type ChatInput } from "./chat-answer.ts";
import { storeExchange } from "./chat-rows.ts";
import { streamChat } from "./chat-stream.ts";
import { type Context, defineRoute, noInput } from "./route.ts";
import { type ChatBody, chatAnswer, chatBody } from "./schemas.ts";
import { sessionRef } from "./session.ts";

const STREAM = `event: start
data: {"id":"1","session_id":"s-1"}

event: delta
data: {"text":"Yes, "}

event: done
data: {"id":"1","session_id":"s-1","response":"Yes, …", …}
`;

/** POST /api/chat. */
export const chatRoute = defineRoute({
  method: "post",
  path: "/api/chat",
  tag: "Write",
  summary: "Ask, and have question and answer stored",
  description:
    "With `Accept: text/event-stream` the answer comes in pieces: events `start`, `delta` (any number), then `done` with the whole answer, or `error` with a problem. The row is then stored with the question first, and completed at the end, also with a part of an answer.",
  access: "widget",
  ...noInput,
  body: chatBody,
  responses: {
    200: [
      { description: "The answer.", type: "application/json", schema: chatAnswer },
      { description: "Server-sent events.", type: "text/event-stream", example: STREAM },
    ],
  },
  problems: [501, 502, 503, 504],
  handle: async (context, input) => {
    const chat = await openChat(context, input.body);
    if (input.req.accepts(["application/json", "text/event-stream"]) === "text/event-stream") {
      return streamChat(context, input, chat);
    }
    await answerChat(context, input, chat);
  },
});

// Short queries of their own: while the model is asked, no transaction is open and no connection is held.
async function openChat({ db, tables, settings }: Context, body: ChatBody): Promise<Chat> {
  const columns = await tables.columns("conversations");
  const session = await sessionRef(db, columns, body);
  const { systemPrompt, historyRows } = settings.chat;
  const history = historyRows === 0 ? [] : await readHistory(db, session.key, historyRows);
  const question: ChatMessage = { role: "user", content: body.message };
  const system: ChatMessage[] = systemPrompt === "" ? [] : [{ role: "system", content: systemPrompt }];
  return { columns, session, messages: [...system, ...history, question] };
}

async function answerChat({ db, answerer }: Context, { body, res, gone }: ChatInput, chat: Chat): Promise<void> {
  const asked = performance.now();
  const answer = await answerer.answer(chat.messages, gone);
  const took = (performance.now() - asked) / 1000;
  const stored = await storeExchange({ db, ...chat }, body, answer, took);
  res.set("cache-control", "no-store").json(answerBody(answerer.kind, body, answer, stored));
}
