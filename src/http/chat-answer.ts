import type { Answer, ChatMessage } from "../chat/answerer.ts";
import { BUILT_IN_NOTICE } from "../chat/built-in.ts";
import type { StoredExchange } from "./chat-rows.ts";
import type { Input } from "./route.ts";
import type { ChatAnswer, ChatBody } from "./schemas.ts";
import type { SessionRef } from "./session.ts";
import type { Columns } from "./source-tables.ts";

/** What a chat is about, found out before the model is asked. */
export type Chat = { columns: Columns; session: SessionRef; messages: ChatMessage[] };

/** A request to answer. */
export type ChatInput = Input<ChatBody, unknown, unknown>;

/** The answer as the client gets it. */
export function answerBody(
  kind: ChatAnswer["answered_by"],
  { session_id }: ChatBody,
  { text, model, usage }: Answer,
  { id, created_at, responded_at, metrics }: StoredExchange,
): ChatAnswer {
  return {
    id,
    session_id,
    response: text,
    model,
    answered_by: kind,
    ...(kind === "built-in" ? { notice: BUILT_IN_NOTICE } : {}),
    prompt_tokens: usage.prompt,
    completion_tokens: usage.completion,
    created_at,
    responded_at,
    metrics,
  };
}
