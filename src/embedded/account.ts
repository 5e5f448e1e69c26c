import { execFile } from "node:child_process";
import { chown, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { promisify } from "node:util";
import { errorCode, UserError } from "../errors.ts";

const run = promisify(execFile);
const NAME = "postgres";

/** The system account that the server runs as; nothing given means "as we are". */
export type Account = { uid: number; gid: number } | undefined;

/**
 * PostgreSQL refuses to run as root. So root gives the server to the owner of its data, at first to the
 * system user `postgres`, which is made where it does not exist; anyone else runs it as themselves.
 */
export async function serverAccount(clusterDir: string): Promise<Account> {
  if (!isRoot()) return undefined;
  return (await ownerOf(clusterDir)) ?? (await lookUp()) ?? (await create());
}

/** As root, gives a file to whom its folder belongs, so that this user too can start the server. */
export async function shareWithOwner(file: string): Promise<void> {
  if (!isRoot()) return;
  const { uid, gid } = await stat(dirname(file));
  await chown(file, uid, gid);
}

function isRoot(): boolean {
  return process.getuid?.() === 0;
}

async function ownerOf(clusterDir: string): Promise<Account> {
  try {
    const { uid, gid } = await stat(clusterDir);
    return uid === 0 ? undefined : { uid, gid };
  } catch (error) {
    if (errorCode(error) === "ENOENT") return undefined;
    throw error;
  }
}

async function lookUp(): Promise<Account> {
  try {
    const [uid, gid] = await Promise.all([run("id", ["-u", NAME]), run("id", ["-g", NAME])]);
    return { uid: Number(uid.stdout), gid: Number(gid.stdout) };
  } catch {
    return undefined;
  }
}

async function create(): Promise<Account> {
  try {
    await run("groupadd", ["--system", "--force", NAME]);
    await run("useradd", ["--system", "--gid", NAME, "--no-create-home", "--shell", "/usr/sbin/nologin", NAME]);
  } catch (error) {
    // A second start may have made it at the same moment.
    const account = await lookUp();
    if (account !== undefined) return account;
    throw new UserError(`PostgreSQL cannot run as root, and the system user '${NAME}' could not be made.`, {
      hint: `Make it (useradd --system ${NAME}), start as another user, or set DATABASE_URL.`,
      cause: error,
    });
  }
  return lookUp();
}
