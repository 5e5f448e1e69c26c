// Runs the tests on each major version of PostgreSQL in turn: `npm run test:versions [-- vitest arguments]`.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { packageRoot } from "../../src/paths.ts";

const MAJORS = [15, 16, 17, 18];

async function runOn(major: number): Promise<boolean> {
  // A server given from outside has one version only.
  const { TEST_DATABASE_URL: _ignored, ...env } = process.env;
  const vitest = join(packageRoot, "node_modules", "vitest", "vitest.mjs");
  const child = spawn(process.execPath, [vitest, "run", ...process.argv.slice(2)], {
    cwd: packageRoot,
    env: { ...env, TEST_PG_MAJOR: String(major) },
    stdio: "inherit",
  });
  const [code] = await once(child, "exit");
  return code === 0;
}

const results: string[] = [];
for (const major of MAJORS) {
  const passed = await runOn(major);
  if (!passed) process.exitCode = 1;
  results.push(`PostgreSQL ${major}: ${passed ? "passed" : "FAILED"}`);
}
console.log(results.join("\n"));
