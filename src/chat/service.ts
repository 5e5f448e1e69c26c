import OpenAI from "openai";
import { createClock, until } from "./abort.ts";
import { type Answer, AnswerError, type Answerer, type ChatMessage, NO_USAGE, type Piece } from "./answerer.ts";
import { plainText, usageOf } from "./sanitize.ts";
import { toAnswerError } from "./service-errors.ts";

/** How to reach the service, and what to ask it for. */
export type ServiceSettings = {
  apiKey: string;
  /** The official address unless given. */
  baseUrl?: string | undefined;
  model: string;
  /** How long to wait for an answer, with all retries, or for the next piece of a streamed one. */
  timeoutMs: number;
};

const RETRIES = 2;
// A stream that never ends would hold its connection and its memory.
const LONGEST_STREAM_MS = 300_000;
const LONGEST_TEXT = 200_000;

/** Answers by any service that speaks OpenAI's chat completions. */
export function createService(settings: ServiceSettings): Answerer {
  const client = new OpenAI({
    apiKey: settings.apiKey,
    baseURL: settings.baseUrl ?? null,
    timeout: settings.timeoutMs,
    maxRetries: RETRIES,
    logLevel: "off", // It would log texts to the console.
  });
  return {
    kind: "service",
    answer: (messages, signal) => answer(client, settings, messages, signal),
    stream: (messages, signal) => begin(client, settings, messages, signal),
  };
}

async function answer(
  client: OpenAI,
  { model, timeoutMs }: ServiceSettings,
  messages: ChatMessage[],
  gone: AbortSignal,
): Promise<Answer> {
  const clock = createClock(timeoutMs);
  const signal = AbortSignal.any([gone, clock.signal]);
  clock.start();
  try {
    const completion = await until(client.chat.completions.create({ model, messages }, { signal }), signal);
    const message = completion.choices?.[0]?.message;
    const text = plainText(message?.content || message?.refusal || "");
    if (text === "") throw new AnswerError("failed", "The service gave an empty answer.");
    return { text, model: plainText(completion.model || model), usage: usageOf(completion.usage) ?? NO_USAGE };
  } catch (error) {
    throw toAnswerError(error, gone, clock.signal);
  } finally {
    clock.stop();
  }
}

async function begin(
  client: OpenAI,
  { model, timeoutMs }: ServiceSettings,
  messages: ChatMessage[],
  gone: AbortSignal,
): Promise<AsyncIterable<Piece>> {
  const clock = createClock(timeoutMs);
  const late = AbortSignal.any([clock.signal, AbortSignal.timeout(LONGEST_STREAM_MS)]);
  const signal = AbortSignal.any([gone, late]);
  clock.start();
  try {
    const request = { model, messages, stream: true, stream_options: { include_usage: true } } as const;
    const stream = await until(client.chat.completions.create(request, { signal }), signal);
    return read(stream, { clock, gone, late, signal });
  } catch (error) {
    throw toAnswerError(error, gone, late);
  } finally {
    clock.stop();
  }
}

type Chunks = AsyncIterable<OpenAI.Chat.Completions.ChatCompletionChunk> & { controller: AbortController };
type Waiting = { clock: ReturnType<typeof createClock>; gone: AbortSignal; late: AbortSignal; signal: AbortSignal };

async function* read(stream: Chunks, { clock, gone, late, signal }: Waiting): AsyncGenerator<Piece> {
  const chunks = stream[Symbol.asyncIterator]();
  let finished = false;
  let length = 0;
  try {
    while (length < LONGEST_TEXT) {
      clock.start();
      const { done, value } = await until(chunks.next(), signal);
      clock.stop(); // What the reader takes is not the service's time.
      if (done) break;
      const choice = value.choices?.[0];
      const text = choice?.delta?.content || choice?.delta?.refusal || "";
      length += text.length;
      finished ||= typeof choice?.finish_reason === "string";
      yield { text: text.replaceAll("\0", ""), model: value.model, usage: usageOf(value.usage) };
    }
    // A connection that was closed in good order, in the middle of an answer, looks like an end.
    if (!finished) throw new AnswerError("failed", "The service broke off its answer.");
    if (length === 0) throw new AnswerError("failed", "The service gave an empty answer.");
  } catch (error) {
    throw toAnswerError(error, gone, late);
  } finally {
    clock.stop();
    stream.controller.abort();
  }
}
