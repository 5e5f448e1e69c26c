import { setTimeout as sleep } from "node:timers/promises";
import { onShutdown } from "../shutdown.ts";
import { isAlive, readLockFile } from "./lock-file.ts";

const STOP_MS = 30_000;
const POLL_MS = 20;
const WATCH_MS = 200;

/** A server process, ours or one that was left behind. */
export type ServerProcess = {
  pid: number;
  /** Settles when it has ended, whoever ended it. */
  exited: Promise<void>;
  /** Ends it: connections are closed, what is committed is kept. Again: waits for the same end. */
  stop: () => Promise<void>;
};

/** Sees to it that the server ends with us, however we end, short of a kill -9. */
export function guard(pid: number, exited: Promise<void>): ServerProcess {
  let stopping: Promise<void> | undefined;
  const stop = () => {
    stopping ??= stopProcess(pid, exited);
    return stopping;
  };
  // For an end of ours that cannot wait: process.exit, or an error that nobody caught.
  const signalOnExit = () => signal(pid, "SIGINT");
  process.once("exit", signalOnExit);
  const withdraw = onShutdown(stop);
  exited.then(() => {
    process.off("exit", signalOnExit);
    withdraw();
  });
  return { pid, exited, stop };
}

/** Guards a server that a process which is gone left behind. */
export function adopt(pid: number): ServerProcess {
  const watch = async () => {
    while (isAlive(pid)) await sleep(WATCH_MS);
  };
  return guard(pid, watch());
}

/**
 * Waits until the server says in its lock file that it takes connections, as pg_ctl does; false when
 * it ends instead. There is no time limit: recovery after a crash may take long.
 */
export async function becomesReady(server: ServerProcess, clusterDir: string): Promise<boolean> {
  let ended = false;
  server.exited.then(() => {
    ended = true;
  });
  while (!ended) {
    const lock = await readLockFile(clusterDir);
    if (lock?.pid === server.pid && lock.ready) return true;
    await sleep(POLL_MS);
  }
  return false;
}

async function stopProcess(pid: number, exited: Promise<void>): Promise<void> {
  signal(pid, "SIGINT");
  const ended = exited.then(() => true);
  if (await Promise.race([ended, sleep(STOP_MS, false, { ref: false })])) return;
  // It would not end in good order; what is committed survives this too.
  signal(pid, "SIGQUIT");
  await exited;
}

function signal(pid: number, name: NodeJS.Signals): void {
  if (isAlive(pid)) process.kill(pid, name);
}
