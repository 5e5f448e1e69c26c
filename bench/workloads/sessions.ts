import { random } from "../../test/support/generators/prng.ts";
import type { Session } from "./workload.ts";

const NEW_SESSIONS = 0.05;

/**
 * Picks sessions for a writer: nearly always any of those loaded, now and then a new one. Each writer
 * has its own part of them, so that an answer follows its question.
 */
export function sessionPicker(sessions: number, writers: number): (writer: number) => Session {
  const source = random(1);
  let added = 0;
  return (writer) => {
    if (source.chance(NEW_SESSIONS)) {
      added += 1;
      return sessionOf(sessions + added);
    }
    const own = Math.floor(sessions / writers);
    return sessionOf(1 + writer + writers * source.below(own));
  };
}

/** The session of this number, named as in data/exchanges.sql. */
export function sessionOf(number: number): Session {
  return {
    organization: String(1 + (number % 50)),
    id: `session-${String(number).padStart(10, "0")}`,
    widget: String(number % 10),
    user: String(number),
  };
}
