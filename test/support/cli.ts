import { type ChildProcess, spawn } from "node:child_process";
import { join } from "node:path";

const MAIN = join(import.meta.dirname, "..", "..", "src", "cli", "main.ts");

/** How a command is run. */
export type CliOptions = {
  /** DATABASE_URL; none unless given. */
  url?: string;
  /** What it reads from stdin. */
  input?: string;
  env?: Record<string, string>;
};

/** What a command left. */
export type CliResult = { code: number | null; stdout: string; stderr: string };

// A folder that is not there: a command that forgets its database fails instead of using the developer's.
const NOWHERE = "/nonexistent/conversation-metrics";

/** Starts the command line as a user does, as a process of its own. */
export function startCli(args: string[], options: CliOptions = {}): ChildProcess {
  const { DATABASE_URL, DATABASE_PORT, COLUMNS, FORCE_COLOR, ...env } = process.env;
  return spawn(process.execPath, [MAIN, ...args], {
    env: { ...env, NO_COLOR: "1", DATA_DIR: NOWHERE, DATABASE_URL: options.url ?? "", ...options.env },
  });
}

/** Runs the command line to its end. */
export async function cli(args: string[], options: CliOptions = {}): Promise<CliResult> {
  const child = startCli(args, options);
  child.stdin?.end(options.input ?? "");
  return finished(child);
}

/** Collects what a command writes until it ends. */
export function finished(child: ChildProcess): Promise<CliResult> {
  const result: CliResult = { code: null, stdout: "", stderr: "" };
  child.stdout?.on("data", (chunk) => {
    result.stdout += chunk;
  });
  child.stderr?.on("data", (chunk) => {
    result.stderr += chunk;
  });
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code) => resolve({ ...result, code }));
  });
}

/** Waits until a command has written a text to stdout; fails with all it wrote where it ends before. */
export function said(child: ChildProcess, text: string): Promise<string> {
  let written = "";
  return new Promise((resolve, reject) => {
    const hear = (chunk: unknown) => {
      written += chunk;
      if (written.includes(text)) resolve(written);
    };
    child.stdout?.on("data", hear);
    child.stderr?.on("data", hear);
    child.once("close", () => reject(new Error(`It ended without saying "${text}":\n${written}`)));
  });
}
