import { execFile } from "node:child_process";
import { rmSync } from "node:fs";
import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { DEFAULT_MAJOR } from "../../src/embedded/binaries.ts";
import { startEmbedded } from "../../src/embedded/server.ts";
import { fastFolder } from "./fast-folder.ts";

/** The server that a test run uses. */
export type TestServer = {
  /** A database on it from which others can be created. */
  url: string;
  /** Which server it is and why, for the person who reads the run's output. */
  description: string;
  /** Ends it; with `keep`, a server of ours leaves its files and says how to start it again. */
  stop: (keep: boolean) => Promise<void>;
};

// Speed instead of safety: a test's data need not survive the machine. Prepared transactions are a
// thing under test.
const SETTINGS = {
  fsync: "off",
  synchronous_commit: "off",
  full_page_writes: "off",
  max_prepared_transactions: "20",
  max_connections: "200",
  max_wal_size: "1GB",
};

/** The major version of a server that the tests start themselves. */
export const testMajor = Number(process.env.TEST_PG_MAJOR || DEFAULT_MAJOR);

/** TEST_DATABASE_URL where it is set, else a container where an engine answers, else the embedded server. */
export async function startTestServer(): Promise<TestServer> {
  const url = process.env.TEST_DATABASE_URL;
  if (url) return { url, description: "TEST_DATABASE_URL", stop: async () => {} };
  return (await startContainer(testMajor)) ?? startTemporary(testMajor);
}

async function startContainer(major: number): Promise<TestServer | undefined> {
  const { getContainerRuntimeClient } = await import("testcontainers");
  try {
    await getContainerRuntimeClient();
  } catch {
    return undefined; // No engine answers, which is usual where only the docker command is installed.
  }
  try {
    return await runContainer(`postgres:${major}`);
  } catch (error) {
    console.warn("A container engine answers, but cannot run the server:", error);
    return undefined;
  }
}

async function runContainer(image: string): Promise<TestServer> {
  const { PostgreSqlContainer } = await import("@testcontainers/postgresql");
  const flags = Object.entries(SETTINGS).flatMap(([name, value]) => ["-c", `${name}=${value}`]);
  const container = await new PostgreSqlContainer(image)
    .withEnvironment({ POSTGRES_INITDB_ARGS: "--locale=C.UTF-8" })
    .withSharedMemorySize(512 * 1024 ** 2) // A parallel query over a large table fails with Docker's 64 MB.
    .withCommand(["postgres", ...flags])
    .start();
  return {
    url: container.getConnectionUri(),
    description: `a container of ${image}`,
    stop: async () => void (await container.stop()),
  };
}

async function startTemporary(major: number): Promise<TestServer> {
  const dataDir = await mkdtemp(join(await fastFolder(), "conversation-metrics-test-"));
  const server = await startEmbedded({ dataDir, port: 0, major, settings: SETTINGS });
  // Also when the run is interrupted, which leaves no time to wait for the server's end.
  const discard = () => rmSync(dataDir, { recursive: true, force: true, maxRetries: 20, retryDelay: 50 });
  process.once("exit", discard);
  return {
    url: server.url,
    description: `embedded PostgreSQL ${major}`,
    stop: async (keep) => {
      await server.stop();
      if (keep) await keepOnDisk(dataDir);
      process.off("exit", discard);
      discard();
    },
  };
}

// What is kept for someone to look at must not fill the memory.
async function keepOnDisk(dataDir: string): Promise<void> {
  const kept = await mkdtemp(join(tmpdir(), "conversation-metrics-kept-"));
  await promisify(execFile)("cp", ["-a", `${dataDir}/.`, kept]);
  console.log(`Kept ${kept}. To look inside: DATA_DIR=${kept} npm start`);
}
