import { spawn } from "node:child_process";
import { once } from "node:events";
import { open, readFile, rename, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Account } from "./account.ts";
import type { Binaries } from "./binaries.ts";
import { cannotRun, serverEnvironment } from "./cluster.ts";
import { isAlive, readLockFile } from "./lock-file.ts";

const MAX_LOG_BYTES = 10_000_000;
const STOP_MS = 30_000;
const POLL_MS = 20;

/** A running server process. */
export type ServerProcess = {
  pid: number;
  /** Settles when the server has ended, whoever ended it. */
  exited: Promise<void>;
};

/** What it takes to start the server process. */
export type LaunchOptions = {
  binaries: Binaries;
  account: Account;
  clusterDir: string;
  port: number;
  settings: Record<string, string>;
  logFile: string;
};

/** The server ended before it was ready; `log` is what it wrote. */
export class LaunchError extends Error {
  readonly log: string;

  constructor(log: string) {
    super("PostgreSQL did not start.");
    this.log = log;
  }
}

/** Starts the server and waits until it takes connections. */
export async function launch(options: LaunchOptions): Promise<ServerProcess> {
  const offset = await prepareLog(options.logFile);
  const log = await open(options.logFile, "a", 0o600);
  const child = spawn(options.binaries.postgres, serverArguments(options), {
    ...options.account,
    cwd: dirname(options.binaries.postgres),
    env: serverEnvironment(),
    stdio: ["ignore", log.fd, log.fd],
    // Its own process group: Ctrl-C reaches us alone, and we end things in the right order.
    detached: true,
  });
  const failed = once(child, "error").then(([error]) => Promise.reject(cannotRun(options.binaries.postgres, error)));
  const exited = once(child, "exit").then(() => undefined);
  try {
    await Promise.race([once(child, "spawn"), failed]);
  } finally {
    await log.close();
  }
  const pid = child.pid ?? 0;
  if (!(await becomesReady(pid, options.clusterDir, child))) {
    throw new LaunchError((await readFile(options.logFile)).subarray(offset).toString());
  }
  return { pid, exited };
}

function serverArguments(options: LaunchOptions): string[] {
  const settings = {
    listen_addresses: "127.0.0.1",
    port: String(options.port),
    unix_socket_directories: "",
    logging_collector: "off",
    log_destination: "stderr",
    timezone: "UTC",
    log_timezone: "UTC",
    ...options.settings,
  };
  const flags = Object.entries(settings).flatMap(([name, value]) => ["-c", `${name}=${value}`]);
  return ["-D", options.clusterDir, ...flags];
}

// The server says in its lock file when it is ready, as pg_ctl reads it. Recovery after a crash may
// take its time, so there is no limit while it lives.
async function becomesReady(
  pid: number,
  clusterDir: string,
  child: { exitCode: number | null; signalCode: string | null },
): Promise<boolean> {
  while (child.exitCode === null && child.signalCode === null) {
    const lock = await readLockFile(clusterDir);
    if (lock?.pid === pid && lock.ready) return true;
    await sleep(POLL_MS);
  }
  return false;
}

async function prepareLog(file: string): Promise<number> {
  const size = await stat(file)
    .then((found) => found.size)
    .catch(() => 0);
  if (size <= MAX_LOG_BYTES) return size;
  await rename(file, `${file}.1`);
  return 0;
}

/** A server that another process started and left behind. */
export function adoptProcess(pid: number): ServerProcess {
  const ended = async () => {
    while (isAlive(pid)) await sleep(POLL_MS * 5);
  };
  return { pid, exited: ended() };
}

/** Ends the server: connections are closed, what is committed is kept. */
export async function stopProcess(server: ServerProcess): Promise<void> {
  signal(server.pid, "SIGINT");
  const ended = server.exited.then(() => true);
  if (await Promise.race([ended, sleep(STOP_MS, false, { ref: false })])) return;
  signal(server.pid, "SIGQUIT");
  await server.exited;
}

/** Sends a signal to a process that may have ended already. */
export function signal(pid: number, name: NodeJS.Signals): void {
  if (isAlive(pid)) process.kill(pid, name);
}
