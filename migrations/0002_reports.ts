import type { MigrationBuilder } from "node-pg-migrate";
import { installSql } from "../src/migrations-support.ts";
import { readSql } from "../src/sql-files.ts";

const INDEX = "tables/conversation_start_index.sql";

const REPORTS = [
  "tables/model_prices.sql",
  "types/report_filter.sql",
  "reports/known_zone.sql",
  "reports/checked_filter.sql",
  "reports/report_filter.sql",
  "reports/report_sessions.sql",
  "reports/source_schema.sql",
  "reports/day_start.sql",
  "reports/previous_period.sql",
  "reports/local_time.sql",
  "reports/period_series.sql",
  "reports/longest_rollup.sql",
  "reports/rolled_query.sql",
  "reports/sums_query.sql",
  "reports/times_query.sql",
  "reports/period_sums.sql",
  "reports/ratio.sql",
  "reports/report_summary.sql",
  "reports/report_periods.sql",
  "reports/report_daily.sql",
  "reports/report_weekly.sql",
  "reports/report_monthly.sql",
  "reports/hour_sums.sql",
  "reports/report_hours.sql",
  "reports/time_percentiles.sql",
  "reports/rolled_percentiles.sql",
  "reports/most_sorted.sql",
  "reports/report_response_times.sql",
  "reports/rating_counts.sql",
  "reports/report_satisfaction.sql",
  "reports/sort_type.sql",
  "reports/page_place.sql",
  "reports/report_conversations.sql",
  "reports/price_at.sql",
  "reports/checked_prices.sql",
  "reports/split_key.sql",
  "reports/model_usage.sql",
  "reports/token_costs.sql",
  "reports/report_keys.sql",
  "reports/report_tokens.sql",
  "reports/report_model_days.sql",
  "reports/lead_sums.sql",
  "reports/report_leads.sql",
  "reports/close_report_privileges.sql",
  "reports/grant_reports.sql",
];

/** Prices, the reports over all sources, and the index that finds a range of time. */
export function up(pgm: MigrationBuilder): void {
  installSql(pgm, "reports/report_functions.sql", "reports/drop_reports.sql");
  // What "drop schema metrics cascade" left in public.
  pgm.sql("select metrics.drop_reports()");
  installSql(pgm, ...REPORTS);
  pgm.sql("select metrics.close_report_privileges()");

  // Sources attached from now on make it with their tables, those that are there already now.
  pgm.sql(
    `insert into metrics.engine_objects (position, path, before_tables, body)
select max(position) + 1, '${INDEX}', false, $engine_object$${readSql(INDEX)}$engine_object$ from metrics.engine_objects`,
  );
  pgm.sql(`
    do $$ declare
      source metrics.attachments;
    begin
      for source in select * from metrics.attachments loop
        execute metrics.localized(
          (select o.body from metrics.engine_objects as o where o.path = '${INDEX}'), source.schema_name
        );
      end loop;
    end; $$
  `);
}
