import { chmod, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { UserError } from "../errors.ts";
import type { Account } from "./account.ts";

/** Lets the server's account pass through our own folder, which mkdir may have made for us alone. */
export async function openFolder(folder: string, account: Account): Promise<void> {
  if (account === undefined) return;
  const { mode } = await stat(folder);
  await chmod(folder, mode | 0o011);
}

/** Checks that the server's account may enter these folders; asked only where it is not ours. */
export async function ensureReachable(folders: string[], account: Account): Promise<void> {
  if (account === undefined) return;
  for (const folder of folders) {
    const closed = await closedFolder(folder, account);
    if (closed === undefined) continue;
    throw new UserError(`PostgreSQL runs as the system user 'postgres', which may not enter ${closed}.`, {
      hint: `Let it pass (chmod o+x "${closed}"), move the project, for example to /srv, or set DATABASE_URL.`,
    });
  }
}

/** The first folder on the way down that the account may not enter. */
export async function closedFolder(folder: string, account: { uid: number; gid: number }): Promise<string | undefined> {
  const parent = dirname(folder);
  if (parent !== folder) {
    const closed = await closedFolder(parent, account);
    if (closed !== undefined) return closed;
  }
  const { mode, uid, gid } = await stat(folder);
  const bit = uid === account.uid ? 0o100 : gid === account.gid ? 0o010 : 0o001;
  return (mode & bit) === 0 ? folder : undefined;
}
