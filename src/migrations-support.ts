import type { MigrationBuilder } from "node-pg-migrate";
import { readSql } from "./sql-files.ts";

/**
 * Installs the objects of `sql/<path>` in the order given.
 * The text goes to the server as it stands: `pgm.sql` replaces `{name}` only where it is given
 * arguments, so it gets none.
 */
export function installSql(pgm: MigrationBuilder, ...paths: string[]): void {
  for (const path of paths) pgm.sql(readSql(path));
}
