import { readdir } from "node:fs/promises";
import { parse } from "node:path";
import { z } from "zod";
import { until } from "../chat/abort.ts";
import { errorCode } from "../errors.ts";
import { MIGRATION_FILE } from "../migration-runner.ts";
import { migrationsDir } from "../paths.ts";
import type { Database } from "./database.ts";
import { Problem } from "./problem.ts";
import { defineRoute, noInput } from "./route.ts";
import { sql } from "./sql.ts";

const LONGEST_MS = 2000;
const NO_TABLE = new Set(["42P01", "3F000"]);

const well = z.object({ status: z.literal("ok") }).meta({ id: "Health" });
const responses = { 200: [{ description: "It is.", type: "application/json", schema: well }] };

/** GET /healthz. */
export const healthRoute = defineRoute({
  method: "get",
  path: "/healthz",
  tag: "Operate",
  summary: "Whether the process lives",
  description: "It asks nobody: a database that is away is no reason to end the process.",
  access: "public",
  ...noInput,
  responses,
  handle: async (_context, { res }) => {
    res.set("cache-control", "no-store").json({ status: "ok" });
  },
});

/** GET /readyz. */
export const readyRoute = defineRoute({
  method: "get",
  path: "/readyz",
  tag: "Operate",
  summary: "Whether requests are welcome",
  description:
    "Not while the database is away (`unavailable`), not migrated (`not_migrated`), or the server is stopping (`stopping`).",
  access: "public",
  ...noInput,
  responses,
  handle: async ({ probe, draining }, { res }) => {
    if (draining.aborted) throw notReady("stopping", "The server is stopping.");
    const missing = await until(missingMigrations(probe), AbortSignal.timeout(LONGEST_MS)).catch((cause: unknown) => {
      throw notReady("unavailable", "The database does not answer.", cause);
    });
    if (missing > 0)
      throw notReady("not_migrated", "The database is not up to date: npx conversation-metrics migrate.");
    res.set("cache-control", "no-store").json({ status: "ok" });
  },
});

async function missingMigrations(db: Database): Promise<number> {
  const files = (await readdir(migrationsDir)).filter((file) => MIGRATION_FILE.test(file));
  try {
    const applied = await db.query<{ name: string }>(sql`select name from metrics.migrations`);
    const names = new Set(applied.map(({ name }) => name));
    return files.filter((file) => !names.has(parse(file).name)).length;
  } catch (error) {
    if (NO_TABLE.has(errorCode(error) ?? "")) return files.length;
    throw error;
  }
}

function notReady(code: string, detail: string, cause?: unknown): Problem {
  return new Problem(503, code, detail, { headers: { "retry-after": "1" }, cause });
}

/** GET /metrics. */
export const metricsRoute = defineRoute({
  method: "get",
  path: "/metrics",
  tag: "Operate",
  summary: "Figures for Prometheus",
  access: "admin",
  ...noInput,
  responses: { 200: [{ description: "In the text format.", type: "text/plain" }] },
  handle: async ({ monitoring: { registry } }, { res }) => {
    const text = await registry.metrics();
    res.set({ "content-type": registry.contentType, "cache-control": "no-store" }).send(text);
  },
});
