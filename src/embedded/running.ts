import { realpath } from "node:fs/promises";
import { join } from "node:path";
import { errorCode, UserError } from "../errors.ts";
import { type Connection, connectionUrl, readConnection } from "./connection-file.ts";
import { findRunningServer, parentOf } from "./lock-file.ts";
import { adopt, becomesReady, type ServerProcess } from "./process.ts";

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
  connection: Connection,
  report: (message: string) => void,
): Promise<{ server: ServerProcess; port: number } | undefined> {
  const found = await findRunningServer(clusterDir);
  if (found === undefined) return undefined;
  if ((await parentOf(found.pid)) === connection.owner) {
    throw new UserError(`PostgreSQL already runs on ${clusterDir} (process ${found.pid}).`, {
      hint: `Every other command uses it as it is. To start it again, stop it first: kill ${connection.owner}`,
    });
  }
  const server = adopt(found.pid);
  // It may still be recovering, or have been ending already.
  if (!(await becomesReady(server, clusterDir))) return undefined;
  report(`Took over the PostgreSQL that an earlier start left running (process ${found.pid}).`);
  return { server, port: found.port };
}
