import { random } from "../../test/support/generators/prng.ts";
import type { Session } from "./workload.ts";

/** Which sessions there are, who writes to them, and how often a new one begins. */
export type Traffic = { sessions: number; writers: number; newSessions: number };

/**
 * Picks sessions for a writer: any of those loaded, or at times a new one. Each writer has its own part
 * of them, so that an answer follows its question.
 */
export function sessionPicker({ sessions, writers, newSessions }: Traffic): (writer: number) => Session {
  const source = random(1);
  let added = 0;
  return (writer) => {
    if (source.chance(newSessions)) {
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
