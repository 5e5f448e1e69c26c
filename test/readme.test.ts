import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { promisify, stripVTControlCharacters } from "node:util";
import { describe, expect } from "vitest";
import type { Sql } from "../src/database.ts";
import { packageRoot } from "../src/paths.ts";
import { APPLICATION } from "./support/application.ts";
import { type Example, examplesOf, headingsOf, linksOf, rowsOf } from "./support/markdown.ts";
import { test as base, type StartWorker, until } from "./support/worker.ts";

const PAGES = [
  "README.md",
  "docs/attach.md",
  "CHANGELOG.md",
  "docs/cli.md",
  "docs/how-it-works.md",
  "docs/operations.md",
  "docs/reports.md",
  "docs/http.md",
  "docs/dashboard.md",
  "docs/widget.md",
];
const ROLES = ["reporting", "analyst"];

const run = promisify(execFile);
const read = (page: string) => readFileSync(join(packageRoot, page), "utf8");

/** Puts roles of the test's own in the place of those that the examples name: roles belong to the whole server. */
const test = base.extend("withRoles", async ({ server }, { onCleanup }) => {
  const suffix = randomBytes(6).toString("hex");
  const own = (role: string) => `cm_test_${role}_${suffix}`;
  for (const role of ROLES) await server`create role ${server(own(role))}`;
  onCleanup(async () => {
    // 2BP01: the database of a failed test is kept, and what it grants holds the role.
    for (const role of ROLES) await server`drop role ${server(own(role))}`.catch(() => {});
  });
  return (text: string) => text.replaceAll(new RegExp(`\\b(${ROLES.join("|")})\\b`, "g"), own);
});

const shell = async (text: string, url: string): Promise<string> => {
  const { DATABASE_PORT, COLUMNS, FORCE_COLOR, ...env } = process.env;
  const bin = `"${process.execPath}" "${join(packageRoot, "bin", "conversation-metrics.js")}"`;
  const { stdout } = await run("sh", ["-ec", text.replaceAll("npx conversation-metrics", bin)], {
    env: { ...env, DATABASE_URL: url, DATA_DIR: "/nonexistent/conversation-metrics" },
  });
  return stripVTControlCharacters(stdout);
};

// The spaces at the end of a line are nothing that a reader sees.
const trimmed = (text: string) => text.replaceAll(/ +$/gm, "").trim();

type Place = { url: string; sql: Sql; withRoles: (text: string) => string; start?: StartWorker };

// Whoever follows the README runs `npm start`, and so a worker, which makes estimates exact.
const COUNTED = "not exists (select from conversation_metrics where estimated_messages > 0)";

/** Runs the examples of a page in their order. */
const play = async (examples: Example[], { url, sql, withRoles, start }: Place, { counted = false } = {}) => {
  let printed = "";
  if (counted) await start?.();
  for (const { mark, language, text } of examples) {
    if (counted) await until(sql, COUNTED);
    else if (start !== undefined && text.includes("doctor")) {
      // `npm start` runs one; before that, none changes what the examples print.
      await start();
      await until(sql, "exists (select from metrics.workers)");
    }
    if (mark === "prints") expect(trimmed(printed)).toContain(trimmed(text));
    else if (language === "sh") printed = await shell(text, url);
    else await sql.unsafe(withRoles(text));
  }
  const names = ROLES.map(withRoles).join(", ");
  await sql.unsafe(`drop owned by ${names}`);
};

describe("the examples", { timeout: 60_000 }, () => {
  for (const page of PAGES) {
    for (const [database, examples] of Map.groupBy(examplesOf(read(page)), (example) => example.database)) {
      if (database === "") {
        test(`of ${page} work on a fresh install`, async ({ db, url, withRoles, start }) => {
          await play(examples, { url, sql: db, withRoles, start }, { counted: page === "README.md" });
        });
      } else {
        test(`of ${page} work on tables that were there (${database})`, async ({ bareDb, bareUrl, withRoles }) => {
          await bareDb.unsafe(APPLICATION);
          await play(examples, { url: bareUrl, sql: bareDb, withRoles });
        });
      }
    }
  }
});

base.for(PAGES)("every link of %s leads somewhere", (page) => {
  const leads = (target: string) => {
    if (/^https?:/.test(target)) return true;
    const [path = "", anchor] = target.split("#");
    const file = path === "" ? page : join(dirname(page), path);
    return existsSync(join(packageRoot, file)) && (anchor === undefined || headingsOf(read(file)).includes(anchor));
  };

  expect(linksOf(read(page)).filter((target) => !leads(target))).toEqual([]);
});

base("the figures of the README are those of the benchmark's last full run", ({ skip }) => {
  skip(!existsSync(join(packageRoot, "bench", "RESULTS.md")), "there is no bench/RESULTS.md yet");
  const measured = rowsOf(read("bench/RESULTS.md"));

  expect(rowsOf(read("README.md"), "What it costs").filter((row) => !measured.includes(row))).toEqual([]);
});
