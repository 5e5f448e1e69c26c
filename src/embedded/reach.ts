import { execFile } from "node:child_process";
import { chmod, mkdir, open, readFile, rename, rm, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { z } from "zod";
import { UserError } from "../errors.ts";
import type { Account } from "./account.ts";
import type { Binaries } from "./binaries.ts";

const run = promisify(execFile);
const CACHE = "/var/cache/conversation-metrics";

/** Files and folders as a program is to be given them. */
export type Handover = {
  /** What names each to the program. */
  names: string[];
  /** What the program inherits, from descriptor 3 on. */
  descriptors: number[];
  close: () => Promise<void>;
};

/** How the server's account gets at its programs and its data. */
export type Reach = {
  binaries: Binaries;
  handOver: (paths: string[]) => Promise<Handover>;
};

/**
 * A server that root starts runs as another user, who may not enter a project in /root or another
 * closed folder. Rather than open someone's folder to everyone, the programs are copied to where all
 * may read them, and the data directory is passed on opened.
 */
export async function findReach(dataDir: string, binaries: Binaries, account: Account): Promise<Reach> {
  if (account === undefined) return { binaries, handOver: byPath };
  await letPass(dataDir);
  const dataClosed = await closedFolder(dataDir, account);
  const programsClosed = await closedFolder(binaries.root, account);
  const closed = dataClosed ?? programsClosed;
  if (closed !== undefined && process.platform !== "linux") throw cannotEnter(closed);
  return {
    binaries: programsClosed === undefined ? binaries : await copyPrograms(binaries, programsClosed),
    handOver: dataClosed === undefined ? byPath : opened,
  };
}

async function byPath(paths: string[]): Promise<Handover> {
  return { names: paths, descriptors: [], close: async () => {} };
}

// Linux leads from the name of a descriptor straight to its file, whatever folders lie above.
async function opened(paths: string[]): Promise<Handover> {
  const handles = await Promise.all(paths.map((path) => open(path)));
  return {
    names: handles.map((_, index) => `/proc/self/fd/${3 + index}`),
    descriptors: handles.map((handle) => handle.fd),
    close: async () => {
      await Promise.all(handles.map((handle) => handle.close()));
    },
  };
}

// Our own folder, which may have been made for its owner alone.
async function letPass(dataDir: string): Promise<void> {
  const { mode } = await stat(dataDir);
  await chmod(dataDir, mode | 0o011);
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

async function copyPrograms(binaries: Binaries, closed: string): Promise<Binaries> {
  const { version } = z
    .object({ version: z.string() })
    .parse(JSON.parse(await readFile(join(binaries.root, "..", "package.json"), "utf8")));
  const copy = join(CACHE, `postgres-${version}`);
  const bin = join(copy, "bin");
  if (!(await exists(copy))) {
    const draft = `${copy}.new-${process.pid}`;
    try {
      await mkdir(CACHE, { recursive: true, mode: 0o755 });
      await run("cp", ["-R", binaries.root, draft]);
      await run("chmod", ["-R", "a+rX", draft]);
      await rename(draft, copy);
    } catch (error) {
      await rm(draft, { recursive: true, force: true });
      // Another start may have made it at the same moment.
      if (!(await exists(copy))) throw cannotEnter(closed, error);
    }
  }
  return { ...binaries, root: copy, initdb: join(bin, "initdb"), postgres: join(bin, "postgres") };
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}

function cannotEnter(folder: string, cause?: unknown): UserError {
  return new UserError(`PostgreSQL runs as the system user 'postgres', which may not enter ${folder}.`, {
    hint: `Let it pass (chmod o+x "${folder}"), move the project, for example to /srv, or set DATABASE_URL.`,
    cause,
  });
}
