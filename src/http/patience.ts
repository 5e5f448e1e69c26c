import { setTimeout as sleep } from "node:timers/promises";
import { errorCode } from "../errors.ts";

/** Does something again while the database is away for a moment. */
export type Patience = <T>(work: () => Promise<T>) => Promise<T>;

/** Has none. */
export const noPatience: Patience = (work) => work();

// A server that restarts, or whose role another takes over: it refuses, or cuts.
const AWAY = /^(CONNECTION_LOST|ECONNREFUSED|ECONNRESET|EPIPE|ENOENT|08...|57P0[123])$/;
const LOOK_EVERY_MS = 100;
// However many wait, they do not keep a database that is starting from its work by asking for it.
const BETWEEN_TWO_MS = 2;

/** Whether an error says that the server is away, or went away: what was asked of it was not done, unless it was to commit. */
export function isAway(error: unknown): boolean {
  return AWAY.test(errorCode(error) ?? "");
}

/**
 * Waits for a database that is away, `longestMs` from the moment on when it was first missed: who asks while it
 * is away for longer is told at once. What it is given may run more than once.
 */
export function createPatience(longestMs: number, ending: AbortSignal): Patience {
  let awaySince: number | undefined;
  let waiting = 0;
  return async (work) => {
    for (;;) {
      try {
        const result = await work();
        awaySince = undefined;
        return result;
      } catch (error) {
        if (!isAway(error)) throw error;
        awaySince ??= performance.now();
        if (ending.aborted || performance.now() - awaySince > longestMs) throw error;
        waiting += 1;
        const pause = Math.max(LOOK_EVERY_MS, waiting * BETWEEN_TWO_MS);
        await sleep(pause, undefined, { signal: ending }).catch(() => {});
        waiting -= 1;
      }
    }
  };
}
