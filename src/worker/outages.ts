import type { Logger } from "../log.ts";
import { safeMessage } from "./safe-message.ts";

const FIRST_PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 5000;

/** Keeps count of what fails at present, so that an outage is one line in the log and not one a second. */
export type Outages = {
  /** A part of the worker failed; returns how many milliseconds it should wait: longer with each failure in a row. */
  failed: (part: string, error: unknown) => number;
  /** A part of the worker works. */
  succeeded: (part: string) => void;
};

/** Logs the first failure of an outage, and its end when every part works again. */
export function createOutages(log: Logger): Outages {
  const failures = new Map<string, number>();
  return {
    failed: (part, error) => {
      if (failures.size === 0) {
        log.warn(`Counting is interrupted (${part}): ${safeMessage(error)}. It goes on by itself when it can.`);
      }
      const before = failures.get(part) ?? 0;
      failures.set(part, before + 1);
      return Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** before);
    },
    succeeded: (part) => {
      if (failures.delete(part) && failures.size === 0) log.warn("Counting goes on.");
    },
  };
}
