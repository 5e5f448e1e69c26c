import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { UserError } from "../errors.ts";

const run = promisify(execFile);
const NAME = "postgres";

/** The system account that the server runs as; nothing given means "as we are". */
export type Account = { uid: number; gid: number } | undefined;

/**
 * PostgreSQL refuses to run as root. So root gets the system user `postgres`, which is made where it
 * does not exist; anyone else runs the server as themselves.
 */
export async function serverAccount(): Promise<Account> {
  if (process.getuid?.() !== 0) return undefined;
  return (await lookUp()) ?? (await create());
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
