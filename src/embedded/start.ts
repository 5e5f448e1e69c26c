import { setTimeout as sleep } from "node:timers/promises";
import { UserError } from "../errors.ts";
import { LaunchError, type LaunchOptions, launch } from "./launch.ts";
import { passStaleLock } from "./lock-file.ts";
import { freePort } from "./port.ts";
import type { ServerProcess } from "./process.ts";

const ATTEMPTS = 20;
const PAUSE_MS = 500;

/** Starts the server on the port wanted, or on the next free one, which it reports. */
export async function launchOnFreePort(
  options: LaunchOptions,
  report: (message: string) => void,
): Promise<{ server: ServerProcess; port: number }> {
  await passStaleLock(options.clusterDir);
  for (let attempt = 1; ; attempt += 1) {
    const port = await freePort(options.port);
    try {
      const server = await launch({ ...options, port });
      if (options.port !== 0 && port !== options.port) {
        report(`Port ${options.port} is in use; PostgreSQL listens on ${port} from now on.`);
      }
      return { server, port };
    } catch (error) {
      if (!(error instanceof LaunchError)) throw error;
      if (attempt === ATTEMPTS || !passesBy(error.log)) throw explain(error, options);
      await sleep(PAUSE_MS);
    }
  }
}

// Another program took the port after we looked; or a killed server's last processes still run, and
// PostgreSQL waits for them rather than write beside them.
function passesBy(log: string): boolean {
  return /Address already in use|pre-existing shared memory block/.test(log);
}

function explain(error: LaunchError, options: LaunchOptions): UserError {
  const [reason, ...more] = error.log
    .split("\n")
    .flatMap((line) => /(?:FATAL|PANIC|HINT): +(.*)/.exec(line)?.[1] ?? []);
  return new UserError(`PostgreSQL did not start: ${reason ?? (error.log.trim() || "it gave no reason")}`, {
    hint: [...more, `Its log: ${options.logFile}`].join("\n"),
    cause: error,
  });
}
