import type { MigrationBuilder } from "node-pg-migrate";
import { installSql } from "../src/migrations-support.ts";

/** Which monthly reports are sent where. */
export function up(pgm: MigrationBuilder): void {
  installSql(pgm, "tables/report_schedules.sql");
  pgm.sql(
    "select metrics.close_tables(array['metrics.report_schedules', pg_get_serial_sequence('metrics.report_schedules', 'schedule_id')]::regclass[])",
  );
}
