import type { MigrationBuilder } from "node-pg-migrate";
import { installSql } from "../src/migrations-support.ts";

/** What opens the HTTP API. */
export function up(pgm: MigrationBuilder): void {
  installSql(pgm, "tables/api_keys.sql");
  pgm.sql(
    "select metrics.close_tables(array['metrics.api_keys', pg_get_serial_sequence('metrics.api_keys', 'key_id')]::regclass[])",
  );
}
