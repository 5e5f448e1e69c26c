import { readFileSync } from "node:fs";
import { join } from "node:path";

/** The text of `bench/<path>`. */
export function readBenchSql(path: string): string {
  return readFileSync(join(import.meta.dirname, path), "utf8");
}
