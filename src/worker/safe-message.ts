import { errorCode } from "../errors.ts";

const LONGEST = 200;
const WINDOW = 12;

/**
 * An error in one line that can be logged and stored: no control characters, limited in length, and,
 * where it would quote one of the texts that were being counted, only its name.
 */
export function safeMessage(error: unknown, texts: string[] = []): string {
  const name = error instanceof Error ? error.name : typeof error;
  const message = error instanceof Error ? error.message : "";
  const line = message
    .slice(0, LONGEST)
    .toWellFormed()
    .replaceAll(/\p{Cc}+/gu, " ")
    .trim();
  if (line === "" || texts.some((text) => quotes(message.slice(0, LONGEST), text))) return errorCode(error) ?? name;
  return line;
}

// Any stretch of a text long enough to say something.
function quotes(message: string, text: string): boolean {
  if (text.length < WINDOW) return text.length > 3 && message.includes(text);
  for (let at = 0; at + WINDOW <= message.length; at += 1) {
    if (text.includes(message.slice(at, at + WINDOW))) return true;
  }
  return false;
}
