import { randomBytes } from "node:crypto";
import { readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { errorCode, UserError } from "../errors.ts";

const schema = z.object({ port: z.number().int(), password: z.string(), owner: z.number().int() });

/**
 * How to connect to the embedded server, kept so that a URL stays good over restarts, and the process
 * that started it last.
 */
export type Connection = z.infer<typeof schema>;

const USER = "postgres";

/** The database that the embedded server holds for the application. */
export const DATABASE = "conversations";

function fileIn(dataDir: string): string {
  return join(dataDir, "connection.json");
}

/** What an earlier start left; undefined before the first. */
export async function readConnection(dataDir: string): Promise<Connection | undefined> {
  const file = fileIn(dataDir);
  try {
    return schema.parse(JSON.parse(await readFile(file, "utf8")));
  } catch (error) {
    if (errorCode(error) === "ENOENT") return undefined;
    throw new UserError(`${file} cannot be read: it holds port and password of the embedded server.`, {
      hint: `Restore it as {"port": 5433, "password": "…", "owner": 0}, or move ${dataDir} away to start with an empty one.`,
      cause: error,
    });
  }
}

/** Keeps the connection for the next start, readable for the owner alone. */
export async function writeConnection(dataDir: string, connection: Connection): Promise<void> {
  const file = fileIn(dataDir);
  await writeFile(`${file}.new`, `${JSON.stringify(connection)}\n`, { mode: 0o600 });
  await rename(`${file}.new`, file);
}

/** A password that needs no escaping in a URL or a shell. */
export function newPassword(): string {
  return randomBytes(18).toString("hex");
}

/** The URL of a database on the embedded server. */
export function connectionUrl(connection: Connection, database: string = DATABASE): string {
  return `postgres://${USER}:${connection.password}@127.0.0.1:${connection.port}/${database}`;
}
