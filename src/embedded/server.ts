import { mkdir, realpath } from "node:fs/promises";
import { join } from "node:path";
import { serverAccount } from "./account.ts";
import { DEFAULT_MAJOR, findBinaries } from "./binaries.ts";
import { ensureCluster } from "./cluster.ts";
import { connectionUrl, newPassword, readOrCreateConnection, writeConnection } from "./connection-file.ts";
import { ensureDatabase } from "./database.ts";
import { findReach } from "./reach.ts";
import { takeOver } from "./running.ts";
import { launchOnFreePort } from "./start.ts";

const DEFAULT_PORT = 5433;

/** How to start the embedded server. */
export type EmbeddedOptions = {
  /** The folder of all its files; made where it does not exist. */
  dataDir: string;
  /** The port to try first; else the one of the last start. 0 takes any. */
  port?: number | undefined;
  major?: number | undefined;
  /** Server settings, as in postgresql.conf. */
  settings?: Record<string, string> | undefined;
  /** Hears what a person would want to know: another port, a first start, a server taken over. */
  report?: ((message: string) => void) | undefined;
};

/** The embedded server, running. */
export type EmbeddedServer = {
  url: string;
  major: number;
  port: number;
  pid: number;
  logFile: string;
  /** Settles when the server has ended, asked or not. */
  exited: Promise<void>;
  /** Ends it; calling it again waits for the same end. */
  stop: () => Promise<void>;
};

/** Starts PostgreSQL on `dataDir`, which keeps its data from start to start. */
export async function startEmbedded(options: EmbeddedOptions): Promise<EmbeddedServer> {
  const { port, settings = {}, report = () => {} } = options;
  await mkdir(options.dataDir, { recursive: true });
  const dataDir = await realpath(options.dataDir);
  const clusterDir = join(dataDir, "postgres");
  const logFile = join(dataDir, "postgres.log");
  const binaries = await findBinaries(options.major ?? DEFAULT_MAJOR);
  const account = await serverAccount(clusterDir);
  const reach = await findReach(dataDir, binaries, account);

  const first = { port: port ?? DEFAULT_PORT, password: newPassword(), owner: process.pid };
  const known = await readOrCreateConnection(dataDir, first);
  const durable = settings.fsync !== "off";
  await ensureCluster({ clusterDir, reach, account, password: known.password, durable });
  const started =
    (await takeOver(clusterDir, known, report)) ??
    (await launchOnFreePort({ reach, account, clusterDir, logFile, settings, port: port ?? known.port }, report));
  // What an earlier start served has ended with it.
  const connection = { port: started.port, password: known.password, owner: process.pid };
  try {
    await writeConnection(dataDir, connection);
    await ensureDatabase(connection);
  } catch (error) {
    await started.server.stop();
    throw error;
  }
  return { ...started.server, url: connectionUrl(connection), major: binaries.major, port: started.port, logFile };
}
