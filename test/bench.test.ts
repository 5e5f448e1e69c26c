import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, inject } from "vitest";
import { test } from "./support/database.ts";

const run = promisify(execFile);

test("the benchmark runs, checks its own metrics and writes its results", { timeout: 60_000 }, async () => {
  const dir = await mkdtemp(join(tmpdir(), "conversation-metrics-results-"));
  const output = join(dir, "RESULTS.md");
  try {
    const { stdout } = await run(
      process.execPath,
      ["bench/run.ts", "--quick", "--rounds", "1", "--output", output, "one-session"],
      { env: { ...process.env, BENCH_DATABASE_URL: inject("serverUrl") } },
    );

    const results = await readFile(output, "utf8");

    expect(stdout).toContain("5,000 rows into 1 session in one statement");
    expect(results).toMatch(
      /\| 5,000 rows into 1 session in one statement \| at most 1.3 × the floor \| [\d.]+ \| (yes|no) \|/,
    );
    expect(results).toContain("| PostgreSQL | PostgreSQL 1");
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
});
