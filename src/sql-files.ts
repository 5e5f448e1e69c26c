import { readFileSync } from "node:fs";
import { join } from "node:path";
import { sqlDir } from "./paths.ts";

/** The text of `sql/<path>`, for example `readSql("functions/repair.sql")`. */
export function readSql(path: string): string {
  return readFileSync(join(sqlDir, path), "utf8");
}
