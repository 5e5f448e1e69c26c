import { type ChildProcess, spawn } from "node:child_process";
import { open, readFile, rename, stat, statfs } from "node:fs/promises";
import { dirname } from "node:path";
import { type Account, shareWithOwner } from "./account.ts";
import { cannotRun, serverEnvironment } from "./cluster.ts";
import { becomesReady, guard, type ServerProcess } from "./process.ts";
import type { Reach } from "./reach.ts";

const MAX_LOG_BYTES = 10_000_000;
const MIN_SHARED_MEMORY_BYTES = 512 * 1024 * 1024;

/** What it takes to start the server process. */
export type LaunchOptions = {
  reach: Reach;
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
  const { clusterDir, logFile, account, reach } = options;
  const offset = await prepareLog(logFile);
  const log = await open(logFile, "a", 0o600);
  await shareWithOwner(logFile);
  const handed = await reach.handOver([clusterDir]);
  const [name = clusterDir] = handed.names;
  try {
    const child = spawn(reach.binaries.postgres, ["-D", name, ...(await settingArguments(options))], {
      ...account,
      cwd: dirname(reach.binaries.postgres),
      env: serverEnvironment(),
      stdio: ["ignore", log.fd, log.fd, ...handed.descriptors],
      // Its own process group: Ctrl-C reaches us alone, and we end things in the right order.
      detached: true,
    });
    const server = guard(await pidOf(child, reach.binaries.postgres), exitOf(child));
    if (await becomesReady(server, clusterDir)) return server;
  } finally {
    await Promise.all([log.close(), handed.close()]);
  }
  throw new LaunchError((await readFile(logFile)).subarray(offset).toString());
}

function pidOf(child: ChildProcess, program: string): Promise<number> {
  return new Promise((resolve, reject) => {
    child.once("error", (error) => reject(cannotRun(program, error)));
    if (child.pid !== undefined) resolve(child.pid);
  });
}

function exitOf(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    child.once("exit", () => resolve());
  });
}

async function settingArguments(options: LaunchOptions): Promise<string[]> {
  const settings = {
    listen_addresses: "127.0.0.1",
    port: String(options.port),
    unix_socket_directories: "",
    logging_collector: "off",
    log_destination: "stderr",
    timezone: "UTC",
    log_timezone: "UTC",
    ...(await sharedMemorySettings()),
    ...options.settings,
  };
  return Object.entries(settings).flatMap(([name, value]) => ["-c", `${name}=${value}`]);
}

// A container's /dev/shm often holds 64 MB, where a parallel query over a large table fails.
async function sharedMemorySettings(): Promise<Record<string, string>> {
  if (process.platform !== "linux") return {};
  const size = await statfs("/dev/shm").then(
    (found) => found.blocks * found.bsize,
    () => 0,
  );
  return size < MIN_SHARED_MEMORY_BYTES ? { dynamic_shared_memory_type: "mmap" } : {};
}

// Starts a new log file when the old one has grown; returns where this start's lines begin.
async function prepareLog(file: string): Promise<number> {
  const size = await stat(file).then(
    (found) => found.size,
    () => 0,
  );
  if (size <= MAX_LOG_BYTES) return size;
  await rename(file, `${file}.1`);
  return 0;
}
