import { type Answer, NO_USAGE, type Piece } from "../chat/answerer.ts";
import { plainText } from "../chat/sanitize.ts";
import { answerBody, type Chat, type ChatInput } from "./chat-answer.ts";
import { storeAnswer, storeQuestion } from "./chat-rows.ts";
import { describeError } from "./describe-error.ts";
import { Problem, problemBody } from "./problem.ts";
import type { Context } from "./route.ts";
import { type EventStream, startEvents } from "./sse.ts";
import { toProblem } from "./to-problem.ts";

type Told = { answer: Answer; broke: unknown };

/**
 * Answers in pieces. The question is stored before the service is asked; whatever ends the answer (its end,
 * the service, the reader, the process), the row then gets what there is of it.
 */
export async function streamChat(context: Context, input: ChatInput, chat: Chat): Promise<void> {
  const { db, answerer } = context;
  const { body, gone, res } = input;
  const place = { db, ...chat };
  const id = await storeQuestion(place, body);
  // A service that fails at once is answered with a status, as without streaming.
  const pieces = await answerer.stream(chat.messages, gone);
  const events = startEvents(res, gone);
  const { answer, broke } = await tell(pieces, events, { id, session_id: body.session_id });
  try {
    const stored = answer.text === "" ? undefined : await storeAnswer(place, id, answer);
    if (broke !== undefined) await sayBroken(context, input, events, { broke, isStored: stored !== undefined });
    else if (stored !== undefined) await events.send("done", answerBody(answerer.kind, body, answer, stored));
  } catch (error) {
    await sayBroken(context, input, events, { broke: error, isStored: false });
  } finally {
    events.end();
  }
}

async function tell(pieces: AsyncIterable<Piece>, events: EventStream, start: object): Promise<Told> {
  const answer: Answer = { text: "", model: "", usage: NO_USAGE };
  let broke: unknown;
  try {
    await events.send("start", start);
    for await (const { text, model, usage } of pieces) {
      // Before it is sent: a part that the reader saw is never missing in the row.
      answer.text += text;
      answer.model = model || answer.model;
      answer.usage = usage ?? answer.usage;
      if (text !== "") await events.send("delta", { text });
    }
  } catch (error) {
    broke = error ?? new Error("aborted");
  }
  return { answer: { ...answer, text: plainText(answer.text), model: plainText(answer.model) }, broke };
}

async function sayBroken(
  { log, stopping }: Context,
  { gone, id }: ChatInput,
  events: EventStream,
  { broke, isStored }: { broke: unknown; isStored: boolean },
): Promise<void> {
  if (gone.aborted && !stopping.aborted) return; // Nobody listens any more.
  const problem = stopping.aborted ? new Problem(503, "stopping", "The server is stopping.") : toProblem(broke);
  if (!stopping.aborted) log.warn({ request_id: id, error: describeError(broke) }, "an answer broke off");
  const body = problemBody(problem, id);
  await events.send("error", { ...body, answer_stored: isStored }).catch(() => {});
}
