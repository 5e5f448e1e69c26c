import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { chmod, mkdtemp, readFile, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { test as base } from "vitest";
import { z } from "zod";
import { connect } from "../../src/database.ts";
import { isAlive } from "../../src/embedded/lock-file.ts";
import { type EmbeddedOptions, type EmbeddedServer, startEmbedded } from "../../src/embedded/server.ts";
import { fastFolder } from "./fast-folder.ts";
import { testMajor } from "./server.ts";

const run = promisify(execFile);
const SETTINGS = { fsync: "off" };

/** A server of the test's own; what it reported while it started stands in `reports`. */
export type Started = EmbeddedServer & { reports: string[] };

// A database that has been started before, made once: most tests begin with a copy of it.
const withSeed = base.extend("seed", { scope: "file" }, async ({}, { onCleanup }) => {
  const dataDir = join(await temporaryFolder(onCleanup), ".data");
  const server = await startEmbedded({ dataDir, port: 0, major: testMajor, settings: SETTINGS });
  await server.stop();
  await rm(server.logFile); // Tests count in the log what they caused.
  return dataDir;
});

/**
 * `emptyFolder`: the test's own, removed afterwards. `folder`: with a database in its `.data`.
 * `start`: a server on a folder's `.data`, ended before the folder goes.
 */
export const test = withSeed
  .extend("emptyFolder", ({}, { onCleanup }) => temporaryFolder(onCleanup))
  .extend("folder", async ({ emptyFolder, seed }) => {
    await run("cp", ["-a", seed, emptyFolder]);
    return emptyFolder;
  })
  .extend("start", ({}, { onCleanup }) => {
    const servers: EmbeddedServer[] = [];
    onCleanup(async () => {
      await Promise.all(servers.map((server) => server.stop()));
    });
    return async (folder: string, options: Partial<EmbeddedOptions> = {}): Promise<Started> => {
      const reports: string[] = [];
      const server = await startEmbedded({
        dataDir: join(folder, ".data"),
        port: 0,
        major: testMajor,
        settings: SETTINGS,
        report: (message) => reports.push(message),
        ...options,
      });
      servers.push(server);
      return { ...server, reports };
    };
  });

async function temporaryFolder(onCleanup: (cleanup: () => Promise<void>) => void): Promise<string> {
  const folder = await mkdtemp(join(await fastFolder(), "conversation-metrics-embedded-"));
  await chmod(folder, 0o755);
  onCleanup(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** Runs one statement at the URL. */
export async function query(url: string, statement: string): Promise<Record<string, unknown>[]> {
  const sql = connect(url, { max: 1 });
  try {
    return [...(await sql.unsafe<Record<string, unknown>[]>(statement))];
  } finally {
    await sql.end();
  }
}

/** Ends the server as a power cut would, and waits until its last process is gone. */
export async function crash(server: { pid: number }): Promise<void> {
  const group = -server.pid; // It leads a process group of its own.
  process.kill(group, "SIGKILL");
  while (isAlive(server.pid) || isAlive(group)) await sleep(10);
}

/** A port that is taken until the test's cleanup closes it. */
export async function occupyPort(): Promise<{ port: number; close: () => void }> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = z.object({ port: z.number() }).parse(server.address());
  return { port: address.port, close: () => void server.close() };
}

/** Starts a server from a process of its own; resolves when it is ready. */
export async function startElsewhere(dataDir: string): Promise<{ starter: ChildProcess; url: string; pid: number }> {
  const script = join(import.meta.dirname, "embedded-starter.ts");
  const starter = spawn(process.execPath, [script, dataDir], { stdio: ["ignore", "pipe", "inherit"] });
  const [line] = await once(createInterface(starter.stdout), "line");
  return { starter, ...z.object({ url: z.string(), pid: z.number() }).parse(JSON.parse(line)) };
}

/** How often the server's log says it. */
export async function countInLog(logFile: string, text: string): Promise<number> {
  return (await readFile(logFile, "utf8")).split(text).length - 1;
}
