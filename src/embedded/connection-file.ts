import { randomBytes } from "node:crypto";
import { link, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { errorCode, UserError } from "../errors.ts";
import { shareWithOwner } from "./account.ts";

const schema = z.object({
  port: z.number().int(),
  password: z.string(),
  owner: z.number().int(),
  http: z.string().optional(),
});

/**
 * How to connect to the embedded server, kept so that a URL stays good over restarts, and the process
 * that started it last, with the address of the HTTP API where that process serves it.
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
    if (errorCode(error) === "EACCES") throw notYours(dataDir, error);
    throw new UserError(`${file} cannot be read: it holds port and password of the embedded server.`, {
      hint: `Restore it as {"port": 5433, "password": "…", "owner": 0}, or move ${dataDir} away to start with an empty one.`,
      cause: error,
    });
  }
}

function notYours(dataDir: string, cause: unknown): UserError {
  return new UserError(`${dataDir} belongs to another user, as after a start as root.`, {
    hint: `Make it yours (sudo chown -R "$(id -un)" "${dataDir}"), or set DATA_DIR to another folder.`,
    cause,
  });
}

/** Keeps the connection for the next start, readable for the owner alone. */
export async function writeConnection(dataDir: string, connection: Connection): Promise<void> {
  await rename(await writeDraft(dataDir, connection), fileIn(dataDir));
}

/** Keeps where the process that started the server serves the HTTP API, for as long as it runs. */
export async function writeHttpAddress(dataDir: string, http: string): Promise<void> {
  const connection = await readConnection(dataDir);
  if (connection !== undefined) await writeConnection(dataDir, { ...connection, http });
}

/** The connection that is kept; where there is none, `first` becomes it. Of two first starts one wins. */
export async function readOrCreateConnection(dataDir: string, first: Connection): Promise<Connection> {
  const known = await readConnection(dataDir);
  if (known !== undefined) return known;
  const draft = await writeDraft(dataDir, first);
  try {
    await link(draft, fileIn(dataDir));
  } catch (error) {
    if (errorCode(error) !== "EEXIST") throw error;
  } finally {
    await rm(draft);
  }
  return (await readConnection(dataDir)) ?? first;
}

async function writeDraft(dataDir: string, connection: Connection): Promise<string> {
  const draft = `${fileIn(dataDir)}.new-${process.pid}`;
  await writeFile(draft, `${JSON.stringify(connection)}\n`, { mode: 0o600 });
  await shareWithOwner(draft);
  return draft;
}

/** A password that needs no escaping in a URL or a shell. */
export function newPassword(): string {
  return randomBytes(18).toString("hex");
}

/** The URL of a database on the embedded server. */
export function connectionUrl(connection: Connection, database: string = DATABASE): string {
  return `postgres://${USER}:${connection.password}@127.0.0.1:${connection.port}/${database}`;
}
