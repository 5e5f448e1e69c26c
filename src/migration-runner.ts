import { pathToFileURL } from "node:url";
import { Logger as WorkerLogger } from "graphile-worker";
import type { MigrationBuilder } from "node-pg-migrate";
import { z } from "zod";
import type { Logger } from "./log.ts";

/** Names of migrations look like 0001_tables.ts; anything else in their folder is not one. */
export const MIGRATION_FILE = /^\d+_.+\.[tj]s$/;

const migrationModule = z.object({
  up: z.custom<(pgm: MigrationBuilder) => void | Promise<void>>((value) => typeof value === "function"),
});

/**
 * Imports migrations as Node imports any module. The runner's own way transpiles each once more and
 * would load a second copy of the modules that they import.
 */
export async function loadMigrations(filePaths: string[]) {
  const units = [];
  for (const id of filePaths) {
    const { up } = migrationModule.parse(await import(pathToFileURL(id).href));
    // Ours go one way: taking the product out again is `uninstall`, not a migration back.
    units.push({ id, filePaths: [id], actions: { up, down: false as const } });
  }
  return units;
}

/** The runner's messages, and where in the SQL its last error stood. */
export type MigrationLog = {
  logger: Record<"debug" | "info" | "warn" | "error", (message: string) => void>;
  /** The lines around the error, marked; undefined while there was none. */
  excerpt: () => string | undefined;
};

/** Keeps the runner's messages to debug lines: it prints whole SQL texts, and throws its errors anyway. */
export function migrationLog(log: Logger): MigrationLog {
  let excerpt: string | undefined;
  const write = (message: string) => log.debug(message);
  const error = (message: string) => {
    excerpt = aroundMark(message) ?? excerpt;
    write(message);
  };
  return { logger: { debug: write, info: write, warn: write, error }, excerpt: () => excerpt };
}

function aroundMark(message: string): string | undefined {
  const lines = message.split("\n").slice(1); // The first is a title.
  const mark = lines.findIndex((line) => /^ *\^{3,}$/.test(line));
  return mark < 0 ? undefined : lines.slice(Math.max(0, mark - 3), mark + 1).join("\n");
}

/** graphile-worker's messages; its debug lines are noise. */
export function workerLogger(log: Logger): WorkerLogger {
  return new WorkerLogger(() => (level, message) => {
    if (level === "error") log.error(message);
    else if (level === "warning") log.warn(message);
    else if (level === "info") log.debug(message);
  });
}
