import { mkdir, realpath } from "node:fs/promises";
import { join } from "node:path";
import { serverAccount } from "./account.ts";
import { DEFAULT_MAJOR, findBinaries } from "./binaries.ts";
import { ensureCluster } from "./cluster.ts";
import { type Connection, connectionUrl, newPassword, readConnection, writeConnection } from "./connection-file.ts";
import { ensureDatabase } from "./database.ts";
import { adoptStaleLock } from "./lock-file.ts";
import { type ServerProcess, signal, stopProcess } from "./process.ts";
import { ensureReachable, openFolder } from "./reach.ts";
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
  const account = await serverAccount();
  await openFolder(dataDir, account);
  await ensureReachable([dataDir, binaries.root], account);

  const known = await readConnection(dataDir);
  const connection: Connection = {
    port: port ?? known?.port ?? DEFAULT_PORT,
    password: known?.password ?? newPassword(),
    owner: process.pid,
  };
  const left = await takeOver(clusterDir, known, report);
  if (left !== undefined) {
    const taken = { ...connection, port: left.port };
    await writeConnection(dataDir, taken);
    return running(left.process, taken, binaries.major, logFile);
  }
  await writeConnection(dataDir, connection);
  const durable = settings.fsync !== "off";
  await ensureCluster({ clusterDir, binaries, account, password: connection.password, durable });
  await adoptStaleLock(clusterDir);
  const launched = await launchOnFreePort(
    { binaries, account, clusterDir, logFile, settings, port: connection.port },
    report,
  );
  const reached = { ...connection, port: launched.port };
  await writeConnection(dataDir, reached);
  await ensureDatabase(reached);
  return running(launched.process, reached, binaries.major, logFile);
}

function running(server: ServerProcess, connection: Connection, major: number, logFile: string): EmbeddedServer {
  // For an end of ours that does not wait (process.exit, an error nobody caught): no server is left over.
  const endWithUs = () => signal(server.pid, "SIGINT");
  process.once("exit", endWithUs);
  let stopping: Promise<void> | undefined;
  const stop = () => {
    stopping ??= stopProcess(server).finally(() => process.off("exit", endWithUs));
    return stopping;
  };
  return {
    url: connectionUrl(connection),
    major,
    port: connection.port,
    pid: server.pid,
    logFile,
    exited: server.exited,
    stop,
  };
}
