import { spawn } from "node:child_process";
import { chown, mkdir, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { errorCode, UserError } from "../errors.ts";
import type { Account } from "./account.ts";
import { isAlive } from "./lock-file.ts";
import type { Reach } from "./reach.ts";

/** What it takes to make a data directory. */
export type ClusterOptions = {
  clusterDir: string;
  reach: Reach;
  account: Account;
  password: string;
  /** Wait until the files are on the disk; a server for tests need not. */
  durable: boolean;
};

/** Makes the data directory where there is none, and refuses one of another major version. */
export async function ensureCluster(options: ClusterOptions): Promise<void> {
  const major = await clusterMajor(options.clusterDir);
  if (major === undefined) return createCluster(options);
  if (major === options.reach.binaries.major) return;
  const parent = dirname(options.clusterDir);
  throw new UserError(
    `The data in ${options.clusterDir} is of PostgreSQL ${major}; this is PostgreSQL ${options.reach.binaries.major}.`,
    {
      hint:
        `To keep the data, dump it with a PostgreSQL ${major} and restore it here (pg_dumpall, psql). ` +
        `To start with an empty database, move it away: mv "${parent}" "${parent}-${major}"`,
    },
  );
}

async function clusterMajor(clusterDir: string): Promise<number | undefined> {
  try {
    return Number(await readFile(join(clusterDir, "PG_VERSION"), "utf8"));
  } catch (error) {
    if (errorCode(error) === "ENOENT") return undefined;
    throw error;
  }
}

// Made beside its place and moved there whole: an initdb that is interrupted leaves nothing behind
// that a later start would take for a database.
async function createCluster(options: ClusterOptions): Promise<void> {
  const parent = dirname(options.clusterDir);
  const prefix = `${basename(options.clusterDir)}.new-`;
  await removeDrafts(parent, prefix);
  const draft = join(parent, `${prefix}${process.pid}`);
  await mkdir(draft, { mode: 0o700 });
  try {
    await runInitdb(draft, options);
    await rename(draft, options.clusterDir);
  } catch (error) {
    await rm(draft, { recursive: true, force: true });
    if (!["ENOTEMPTY", "EEXIST"].includes(errorCode(error) ?? "")) throw error;
    // Another start was faster, or something else lies there.
    if ((await clusterMajor(options.clusterDir)) !== undefined) return;
    throw new UserError(`${options.clusterDir} holds files, but no PostgreSQL database.`, {
      hint: "Move them away, or set DATA_DIR to another folder.",
      cause: error,
    });
  }
}

async function removeDrafts(parent: string, prefix: string): Promise<void> {
  for (const name of await readdir(parent)) {
    if (!name.startsWith(prefix)) continue;
    const pid = Number.parseInt(name.slice(prefix.length), 10);
    if (pid === process.pid || !isAlive(pid)) await rm(join(parent, name), { recursive: true, force: true });
  }
}

async function runInitdb(dir: string, options: ClusterOptions): Promise<void> {
  const passwordFile = `${dir}.password`;
  await writeFile(passwordFile, `${options.password}\n`, { mode: 0o600 });
  try {
    if (options.account !== undefined) {
      await chown(passwordFile, options.account.uid, options.account.gid);
      await chown(dir, options.account.uid, options.account.gid);
    }
    await initdb(dir, passwordFile, options);
  } finally {
    await rm(passwordFile, { force: true });
  }
}

async function initdb(dir: string, passwordFile: string, options: ClusterOptions): Promise<void> {
  const { binaries, handOver } = options.reach;
  const handed = await handOver([dir, passwordFile]);
  const [dirName = dir, passwordName = passwordFile] = handed.names;
  const args = [
    ["--pgdata", dirName],
    ["--username", "postgres"],
    ["--pwfile", passwordName],
    ["--auth", "scram-sha-256"],
    ["--encoding", "UTF8"],
    localeArguments(binaries.major),
    options.durable ? [] : ["--no-sync"],
  ].flat();
  try {
    await run(binaries.initdb, args, options.account, handed.descriptors);
  } finally {
    await handed.close();
  }
}

function run(program: string, args: string[], account: Account, descriptors: number[]): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      ...account,
      cwd: dirname(program),
      env: serverEnvironment(),
      stdio: ["ignore", "ignore", "pipe", ...descriptors],
    });
    let output = "";
    child.stderr?.on("data", (chunk) => {
      output += chunk;
    });
    child.once("error", (error) => reject(cannotRun(program, error)));
    child.once("close", (code) => {
      if (code === 0) resolve();
      else reject(new UserError("The database could not be created.", { hint: output.trim() }));
    });
  });
}

// The same on every machine: no dependence on the locales that a system has installed.
function localeArguments(major: number): string[] {
  if (major >= 17) return ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"];
  return [`--locale=${process.platform === "linux" ? "C.UTF-8" : "C"}`];
}

/** Our environment without what would turn PostgreSQL's programs elsewhere (PGDATA, PGPORT, LC_ALL …). */
export function serverEnvironment(): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(([name]) => !/^(PG|LC_|LANG)/.test(name));
  return { ...Object.fromEntries(kept), LC_ALL: "C" };
}

/** The error for a program that the system would not start. */
export function cannotRun(program: string, cause: Error): UserError {
  return new UserError(`${program} cannot be run: ${cause.message}`, {
    hint: "Run npm ci again; where that does not help, set DATABASE_URL to a server of your own.",
    cause,
  });
}
