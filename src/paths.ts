import { existsSync } from "node:fs";
import { dirname, join } from "node:path";

// This module is src/paths.ts in the checkout and dist/src/paths.js in the package.
function findPackageRoot(from: string): string {
  if (existsSync(join(from, "package.json"))) return from;
  const parent = dirname(from);
  if (parent === from) throw new Error(`No package.json above ${import.meta.dirname}`);
  return findPackageRoot(parent);
}

/** The folder that holds package.json. */
export const packageRoot = findPackageRoot(import.meta.dirname);

/** The folder of the SQL objects, one a file. */
export const sqlDir = join(packageRoot, "sql");

/** The folder of the migrations: TypeScript in the checkout, JavaScript in the package. */
export const migrationsDir = join(import.meta.dirname, "..", "migrations");
