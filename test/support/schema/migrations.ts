import { createHash } from "node:crypto";
import { globSync, readdirSync, readFileSync } from "node:fs";
import { join, parse } from "node:path";
import { MigrationBuilder } from "node-pg-migrate";
import { loadMigrations, MIGRATION_FILE } from "../../../src/migration-runner.ts";
import { migrationsDir, sqlDir } from "../../../src/paths.ts";

/** A migration, and the statements that it sends. */
export type ResolvedMigration = { name: string; steps: string[] };

/** The committed list: a hash of all that each migration sends. */
export const hashesFile = join(migrationsDir, "hashes.json");

const silent = { debug() {}, info() {}, warn() {}, error() {} };
const noDatabase = async () => {
  throw new Error("A migration's SQL must follow from files alone, not from what a database holds.");
};

// The runner ends each statement once more.
const trim = (step: string) => step.replace(/[;\s]+$/, "");

/** What every migration sends, in their order. */
export async function resolveMigrations(): Promise<ResolvedMigration[]> {
  const files = readdirSync(migrationsDir).filter((file) => MIGRATION_FILE.test(file));
  const units = await loadMigrations(files.toSorted().map((file) => join(migrationsDir, file)));
  const resolved = [];
  for (const { id, actions } of units) {
    const pgm = new MigrationBuilder({ query: noDatabase, select: noDatabase }, undefined, false, silent);
    await actions.up(pgm);
    resolved.push({ name: parse(id).name, steps: pgm.getSqlSteps().map(trim) });
  }
  return resolved;
}

/** The list as it should be. */
export function hashMigrations(migrations: ResolvedMigration[]): Record<string, string> {
  const hash = (steps: string[]) => createHash("sha256").update(steps.join("\n")).digest("hex");
  return Object.fromEntries(migrations.map(({ name, steps }) => [name, hash(steps)]));
}

/** The files of sql/, but for frozen copies, with their text. */
export function sqlFiles(): { path: string; text: string }[] {
  const paths = globSync("*/*.sql", { cwd: sqlDir }).filter((path) => !path.startsWith("frozen"));
  return paths.toSorted().map((path) => ({ path, text: trim(readFileSync(join(sqlDir, path), "utf8")) }));
}
