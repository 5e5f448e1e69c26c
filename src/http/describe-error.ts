import { AnswerError } from "../chat/answerer.ts";
import { errorCode } from "../errors.ts";

const FIELDS = ["schema", "table", "column", "constraint", "routine"];

/**
 * An error for the log: where it happened and its codes. Its message only where it is one of ours, since
 * those of others quote values: a message's text, an e-mail address.
 */
export function describeError(error: unknown): Record<string, unknown> {
  if (!(error instanceof Error)) return { name: typeof error };
  const cause = error.cause instanceof Error ? { cause: describeError(error.cause) } : {};
  const fields = FIELDS.flatMap((field): [string, unknown][] => {
    const value: unknown = Reflect.get(error, field);
    return typeof value === "string" ? [[field, value]] : [];
  });
  return {
    name: error.name,
    ...(error instanceof AnswerError ? { message: error.message } : {}),
    code: errorCode(error),
    ...Object.fromEntries(fields),
    at: frames(error),
    ...cause,
  };
}

function frames({ stack = "" }: Error): string[] {
  return [...stack.matchAll(/^ {4}at (.*)$/gm)].slice(0, 8).map(([, frame = ""]) => frame);
}
