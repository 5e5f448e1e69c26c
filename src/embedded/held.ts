import { realpath } from "node:fs/promises";
import { join } from "node:path";
import { errorCode } from "../errors.ts";
import { readConnection } from "./connection-file.ts";
import { findRunningServer, parentOf } from "./lock-file.ts";
import { runningEmbedded } from "./running.ts";

/** A process that holds the embedded server, and where it serves the HTTP API, if it does. */
export type Holder = { url: string; owner: number; http: string | undefined };

/** The embedded server on `dataDir` where another process holds it, which would have to give it up first. */
export async function embeddedHeldBy(dataDir: string): Promise<Holder | undefined> {
  const url = await runningEmbedded(dataDir);
  if (url === undefined) return undefined;
  try {
    const dir = await realpath(dataDir);
    const [server, connection] = await Promise.all([findRunningServer(join(dir, "postgres")), readConnection(dir)]);
    if (server === undefined || connection === undefined) return undefined;
    // One whose starter was killed is nobody's: the next start takes it over.
    const { owner, http } = connection;
    return (await parentOf(server.pid)) === owner ? { url, owner, http } : undefined;
  } catch (error) {
    if (errorCode(error) === "ENOENT") return undefined;
    throw error;
  }
}
