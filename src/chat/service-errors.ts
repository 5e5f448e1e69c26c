import { APIConnectionError, APIConnectionTimeoutError, APIError } from "openai";
import { errorCode } from "../errors.ts";
import { AnswerError } from "./answerer.ts";

const CURES: Record<number, string> = {
  401: "it refuses OPENAI_API_KEY",
  403: "it refuses OPENAI_API_KEY",
  404: "it knows no such model or address: check OPENAI_MODEL and OPENAI_BASE_URL",
  429: "it is over its limit",
};

/**
 * What went wrong with the service, without a word of what it said: it may quote the conversation.
 * Where the caller went away, its own reason comes back.
 */
export function toAnswerError(error: unknown, gone: AbortSignal, late: AbortSignal): unknown {
  if (gone.aborted) return gone.reason;
  if (error instanceof AnswerError) return error;
  if (late.aborted || error instanceof APIConnectionTimeoutError) {
    return new AnswerError("late", "The service did not answer in time.", { cause: error });
  }
  return new AnswerError("failed", `The service failed: ${reasonOf(error)}.`, { cause: error });
}

function reasonOf(error: unknown): string {
  if (error instanceof APIConnectionError) {
    const code = errorCode(error.cause) ?? errorCode(error.cause instanceof Error ? error.cause.cause : undefined);
    return `no connection${code === undefined ? "" : ` (${code})`}`;
  }
  if (error instanceof APIError && typeof error.status === "number") {
    return CURES[error.status] ?? `status ${error.status}`;
  }
  return error instanceof APIError ? "it reported an error in its answer" : "its answer broke off or cannot be read";
}
