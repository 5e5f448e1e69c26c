import { createEncoders } from "./encoders.ts";
import type { Encoding } from "./encodings.ts";

/** What a thread is asked for. */
export type LongText = { encoding: Encoding; text: string };

// A thread's own: it shares no memory with the process's counter.
const encoderOf = createEncoders();

/** Run in a thread: counts the tokens of one long text. */
export default function countLongText({ encoding, text }: LongText): number {
  return encoderOf(encoding)(text);
}
