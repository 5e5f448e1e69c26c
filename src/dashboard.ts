import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { packageRoot } from "./paths.ts";

/** Where the built pages are, in a checkout as in the package. */
export const dashboardDir = join(packageRoot, "dist", "dashboard");

const SOURCES = join(packageRoot, "dashboard");
const BUILD = join(SOURCES, "build.ts");

/**
 * Builds the pages in a checkout where they are missing or older than their sources, so that nobody needs a
 * step of their own after `npm ci`. The package has them built, and no sources. False: that failed.
 */
export async function prepareDashboard(note: (text: string) => void): Promise<boolean> {
  // Without its development dependencies a checkout cannot build; what is there is served then.
  if (!existsSync(BUILD) || !existsSync(join(packageRoot, "node_modules", "vite"))) return true;
  const built = await changedAt(join(dashboardDir, "index.html"));
  if (built > (await newestSource())) return true;
  note("Building the dashboard …");
  try {
    await promisify(execFile)(process.execPath, [BUILD], { cwd: packageRoot });
    return true;
  } catch (error) {
    const said = error instanceof Error && "stderr" in error ? String(error.stderr).trim() : "";
    note(`The dashboard could not be built; all else works. By hand: npm run build:dashboard\n${said}`);
    return false;
  }
}

async function newestSource(): Promise<number> {
  const names = await readdir(SOURCES, { recursive: true });
  const times = await Promise.all([...names.map((name) => join(SOURCES, name)), LOCK].map(changedAt));
  return Math.max(...times);
}

// Other versions of what is bundled come with it.
const LOCK = join(packageRoot, "package-lock.json");

const changedAt = (file: string) =>
  stat(file).then(
    ({ mtimeMs }) => mtimeMs,
    () => 0,
  );
