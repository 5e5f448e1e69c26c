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

/** An object that every source has of its own: its file, and whether its tables need it to be made. */
export type EngineObject = { path: string; beforeTables: boolean };

/** Keeps the texts of these objects in the database, in the order given; metrics.install_engine makes them. */
export function storeEngine(pgm: MigrationBuilder, objects: readonly EngineObject[]): void {
  objects.forEach(({ path, beforeTables }, position) => {
    pgm.sql(
      `insert into metrics.engine_objects (position, path, before_tables, body)
values (${position}, '${path}', ${beforeTables}, $engine_object$${readSql(path)}$engine_object$)`,
    );
  });
}
