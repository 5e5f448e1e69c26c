import { realpath } from "node:fs/promises";
import { join } from "node:path";
import { errorCode, UserError } from "../errors.ts";
import { type Connection, connectionUrl, readConnection } from "./connection-file.ts";
import { findRunningServer, parentOf } from "./lock-file.ts";
import { adoptProcess, type ServerProcess } from "./process.ts";

/** The URL of the embedded server that runs on `dataDir` now; undefined where none does. */
export async function runningEmbedded(dataDir: string): Promise<string | undefined> {
  try {
    const dir = await realpath(dataDir);
    const server = await findRunningServer(join(dir, "postgres"));
    const connection = await readConnection(dir);
    if (server === undefined || connection === undefined) return undefined;
    return connectionUrl({ ...connection, port: server.port });
  } catch (error) {
    if (errorCode(error) === "ENOENT") return undefined;
    throw error;
  }
}

/**
 * Takes a server over whose starter was killed and could not end it. One whose starter is still there
 * belongs to that one: two would end it under each other.
 */
export async function takeOver(
  clusterDir: string,
  connection: Connection | undefined,
  report: (message: string) => void,
): Promise<{ process: ServerProcess; port: number } | undefined> {
  const server = await findRunningServer(clusterDir);
  if (server === undefined) return undefined;
  if (connection === undefined || (await parentOf(server.pid)) === connection.owner) {
    const url = connection && connectionUrl({ ...connection, port: server.port });
    throw new UserError(`PostgreSQL already runs on ${clusterDir} (process ${server.pid}).`, {
      hint: url ? `Use it: DATABASE_URL=${url} — or stop it: kill ${server.pid}` : `Stop it: kill ${server.pid}`,
    });
  }
  report(`Took over the PostgreSQL that an earlier start left running (process ${server.pid}).`);
  return { process: adoptProcess(server.pid), port: server.port };
}
