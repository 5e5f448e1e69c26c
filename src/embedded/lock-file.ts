import { execFile } from "node:child_process";
import { readFile, readlink, realpath, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { errorCode } from "../errors.ts";

const run = promisify(execFile);

/** What postmaster.pid says about the server that wrote it. */
export type LockFile = { pid: number; port: number; ready: boolean };

/** Reads postmaster.pid; undefined where there is none, or nothing that names a process. */
export async function readLockFile(clusterDir: string): Promise<LockFile | undefined> {
  let lines: string[];
  try {
    lines = (await readFile(join(clusterDir, "postmaster.pid"), "utf8")).split("\n");
  } catch (error) {
    if (errorCode(error) === "ENOENT") return undefined;
    throw error;
  }
  const pid = Number(lines[0]);
  if (!Number.isInteger(pid) || pid <= 1) return undefined;
  return { pid, port: Number(lines[3]), ready: lines[7]?.trim() === "ready" };
}

/** Whether a process of that id exists. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return errorCode(error) === "EPERM";
  }
}

/** The server that runs on this directory, if one does. */
export async function findRunningServer(clusterDir: string): Promise<LockFile | undefined> {
  const lock = await readLockFile(clusterDir);
  if (lock === undefined || !(await isServerOf(lock.pid, clusterDir))) return undefined;
  return lock;
}

/**
 * Lets the next start pass a lock whose number now belongs to another program, which is usual after a
 * container's restart and makes PostgreSQL refuse. The file stays: it also names the shared memory by
 * which PostgreSQL sees that a killed server's last processes still write. A lock that names the
 * starting server's own parent is stale to it, so the lock gets our number.
 */
export async function passStaleLock(clusterDir: string): Promise<void> {
  const lock = await readLockFile(clusterDir);
  // PostgreSQL itself passes the lock of a process that is gone.
  if (lock === undefined || !isAlive(lock.pid) || (await isServerOf(lock.pid, clusterDir))) return;
  const file = join(clusterDir, "postmaster.pid");
  const text = await readFile(file, "utf8");
  await writeFile(file, text.replace(/^.*/, String(process.pid)));
}

/** The process that started this one; undefined where the system does not say. */
export async function parentOf(pid: number): Promise<number | undefined> {
  try {
    if (process.platform === "linux") {
      const status = await readFile(`/proc/${pid}/status`, "utf8");
      return Number(/^PPid:\s*(\d+)/m.exec(status)?.[1]);
    }
    return Number((await run("ps", ["-o", "ppid=", "-p", String(pid)])).stdout);
  } catch {
    return undefined;
  }
}

async function isServerOf(pid: number, clusterDir: string): Promise<boolean> {
  if (!isAlive(pid)) return false;
  if (process.platform === "linux") {
    try {
      // A server's working directory is its data directory.
      return (await readlink(`/proc/${pid}/cwd`)) === (await realpath(clusterDir));
    } catch (error) {
      if (errorCode(error) === "ENOENT") return false;
      // Another user's process: its name is all that can be seen.
    }
  }
  return isNamedPostgres(pid);
}

async function isNamedPostgres(pid: number): Promise<boolean> {
  try {
    const { stdout } = await run("ps", ["-o", "command=", "-p", String(pid)]);
    return stdout.includes("postgres");
  } catch {
    return false;
  }
}
