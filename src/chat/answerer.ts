/** One message of a conversation, as a model takes it. */
export type ChatMessage = { role: "system" | "user" | "assistant"; content: string };

/** Tokens as the provider reported them; null where it did not. */
export type Usage = { prompt: number | null; completion: number | null };

/** A whole answer. `model` is what the provider says it was. */
export type Answer = { text: string; model: string; usage: Usage };

/** A part of a streamed answer: some text, or what is told beside it. */
export type Piece = { text: string; model?: string | undefined; usage?: Usage | undefined };

/** Who answers. Both ways end with the signal's reason when it is aborted, and throw an {@link AnswerError} else. */
export type Answerer = {
  kind: "built-in" | "service";
  answer: (messages: ChatMessage[], signal: AbortSignal) => Promise<Answer>;
  /** Resolves when the service has begun to answer. */
  stream: (messages: ChatMessage[], signal: AbortSignal) => Promise<AsyncIterable<Piece>>;
};

/** Nothing is known of the usage. */
export const NO_USAGE: Usage = { prompt: null, completion: null };

/** No answer, or no whole one. The message is for the log: it never quotes a text of the conversation. */
export class AnswerError extends Error {
  override readonly name = "AnswerError";
  readonly kind: "failed" | "late";

  constructor(kind: "failed" | "late", message: string, options: { cause?: unknown } = {}) {
    super(message, options);
    this.kind = kind;
  }
}
