import { destination, type Logger, pino } from "pino";

export type { Logger } from "pino";

/**
 * A logger that writes JSON lines to stderr, so that stdout stays the command's own output.
 * Synchronous: the last line before an exit is the one that is needed.
 */
export function createLogger(level: string): Logger {
  return pino({ level, base: null }, destination({ dest: 2, sync: true }));
}

/** For callers that have nothing to log to. */
export const silentLogger: Logger = pino({ level: "silent" });
