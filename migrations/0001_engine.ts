import type { MigrationBuilder } from "node-pg-migrate";
import { installSql, storeEngine } from "../src/migrations-support.ts";

// The same for all sources.
const SHARED = [
  "types/token_source.sql",
  "types/encoding.sql",
  "types/session_delta.sql",
  "tables/engine_objects.sql",
  "tables/attachments.sql",
  "tables/readers.sql",
  "tables/model_encodings.sql",
  "tables/workers.sql",
  "functions/column_type.sql",
  "functions/column_definition.sql",
  "functions/base_type.sql",
  "functions/id_is_unique.sql",
  "functions/id_column.sql",
  "functions/check_column.sql",
  "functions/mapped_column.sql",
  "functions/check_source.sql",
  "functions/create_source_tables.sql",
  "functions/adopt_sources.sql",
  "functions/session_key.sql",
  "functions/known_time.sql",
  "functions/response_us.sql",
  "functions/row_lag.sql",
  "functions/stretch.sql",
  "functions/text_digest.sql",
  "functions/token_lane.sql",
  "functions/message_parts.sql",
  "functions/count_parts.sql",
  "functions/count_message.sql",
  "functions/counting_sql.sql",
  "functions/is_open.sql",
  "functions/is_own.sql",
  "functions/estimated_messages.sql",
  "functions/plan_for_many.sql",
  "functions/trigger_settings.sql",
  "functions/quarter_hour.sql",
  "functions/rollup_start.sql",
  "functions/time_bin.sql",
  "functions/bin_us.sql",
  "functions/session_times.sql",
  "functions/rollup_delay.sql",
  "functions/first_rollup.sql",
  "functions/require_current_snapshot.sql",
  "functions/model_encoding.sql",
  "functions/worker_beat.sql",
  "functions/worker_gone.sql",
  "functions/view_origins.sql",
  "functions/view_tables.sql",
  "functions/view_template.sql",
  "functions/check_view.sql",
  "functions/scans_table.sql",
  "functions/children_query.sql",
  "functions/localized.sql",
  "functions/install_engine.sql",
  "functions/install_overview.sql",
  "functions/close_tables.sql",
  "functions/close_functions.sql",
  "functions/close_privileges.sql",
  "functions/attach.sql",
  "functions/detach.sql",
  "functions/uninstall.sql",
];

// What every source has of its own, in its schema: first what its mapping views and tables need to be made.
const BEFORE_TABLES = [
  "tables/sources.sql",
  "tables/parents.sql",
  "tables/parent_changes.sql",
  "tables/failed_rows.sql",
  "tables/checks.sql",
  "functions/mapped_reference.sql",
  "functions/default_mapping.sql",
  "functions/install_mapping.sql",
  "functions/check_lookups.sql",
  "functions/install_view_mapping.sql",
  "functions/install_empty_mapping.sql",
  "functions/drop_triggers.sql",
  "functions/map_views.sql",
  "functions/create_metrics_tables.sql",
];

const ENGINE = [
  "tables/settings.sql",
  "tables/conversation_metrics_archive.sql",
  "tables/archive_rules.sql",
  "views/session_metrics.sql",
  "functions/restore_sessions.sql",
  "tables/rollups.sql",
  "tables/rollup_changes.sql",
  "tables/rollup_resets.sql",
  "tables/rollup_state.sql",
  "functions/mark_rollups.sql",
  "functions/mark_rollup.sql",
  "tables/comments.sql",
  "views/counted_messages.sql",
  "views/counted_leads.sql",
  "views/counted_feedback.sql",
  "functions/message_delta.sql",
  "functions/session_bounds.sql",
  "functions/session_total.sql",
  "functions/enter_sessions.sql",
  "functions/sessions_of_messages.sql",
  "functions/sessions_of_leads.sql",
  "functions/sessions_of_feedback.sql",
  "functions/apply_extras.sql",
  "functions/pair_answers.sql",
  "functions/add_answers.sql",
  "functions/apply_deltas.sql",
  "functions/add_first_row.sql",
  "functions/start_earlier.sql",
  "functions/add_earlier_rows.sql",
  "functions/keeps_its_place.sql",
  "functions/change_in_place.sql",
  "functions/rebuild_sessions.sql",
  "functions/apply_messages.sql",
  "functions/apply_leads.sql",
  "functions/apply_feedback.sql",
  "functions/sync.sql",
  "functions/sync_each.sql",
  "functions/sync_carefully.sql",
  "functions/sync_all.sql",
  "functions/retry_failed_rows.sql",
  "functions/follow_parents.sql",
  "functions/forget_messages.sql",
  "functions/tg_conversations__truncate.sql",
  "functions/count_new_messages_sql.sql",
  "views/source_tables.sql",
  "functions/trigger_name.sql",
  "functions/install_triggers.sql",
  "functions/guarded.sql",
  "functions/count_inserted_row_sql.sql",
  "functions/changed_ids_sql.sql",
  "functions/change_one_row_sql.sql",
  "functions/deleted_ids_sql.sql",
  "functions/install_message_triggers.sql",
  "functions/install_extra_triggers.sql",
  "functions/install_parent_triggers.sql",
  "functions/session_sums.sql",
  "functions/make_rollups.sql",
  "functions/sum_rollups.sql",
  "functions/make_days.sql",
  "functions/roll_up.sql",
  "functions/rollup_drift.sql",
  "views/message_drift.sql",
  "views/lead_drift.sql",
  "views/feedback_drift.sql",
  "views/session_truth.sql",
  "views/conversation_metrics_drift.sql",
  "functions/archive_sessions.sql",
  "functions/unarchive.sql",
  "functions/keep_numbers.sql",
  "functions/repair.sql",
  "functions/sync_conversation_metrics.sql",
  "functions/sync_conversation_metrics_by_id.sql",
  "functions/mapping_error.sql",
  "functions/backfill.sql",
  "functions/backfill_batch.sql",
  "functions/rows_left_out.sql",
  "functions/has_uncounted.sql",
  "functions/session_drift.sql",
  "functions/sample_drift.sql",
  "functions/check_sessions.sql",
  "functions/enqueue_token_batches.sql",
  "functions/read_token_batch.sql",
  "functions/fail_token_counts.sql",
  "functions/write_token_counts.sql",
  "functions/recount_batch.sql",
  "functions/token_totals.sql",
  "functions/mapping_problems.sql",
  "functions/repeated_ids.sql",
  "functions/missing_objects.sql",
  "functions/doctor.sql",
  "functions/install.sql",
];

/** What all sources share; the source named default with its tables, mapping, ledgers, metrics, triggers; its backfill. */
export function up(pgm: MigrationBuilder): void {
  // %TYPE in a signature is resolved here and now, as intended; its notice says no more.
  pgm.sql("set local client_min_messages = warning");

  installSql(pgm, "functions/set_aside_existing.sql");
  pgm.sql("set local client_min_messages = notice");
  pgm.sql("select metrics.set_aside_existing()");
  pgm.sql("set local client_min_messages = warning");

  installSql(pgm, ...SHARED);
  storeEngine(pgm, [
    ...BEFORE_TABLES.map((path) => ({ path, beforeTables: true })),
    ...ENGINE.map((path) => ({ path, beforeTables: false })),
  ]);

  pgm.sql(`
    do $$ begin
      if coalesce(current_setting('conversation_metrics.adopt', true), 'on') = 'on' then
        insert into metrics.attachments (name, schema_name) values ('default', 'metrics');
        perform metrics.install_engine('default', 'metrics', true);
        perform metrics.adopt_sources();
        perform metrics.create_metrics_tables();
        perform metrics.install_engine('default', 'metrics', false);
        perform metrics.install();
      end if;
    end; $$
  `);
  pgm.sql("select metrics.install_overview()");
  pgm.sql("select metrics.close_privileges('metrics')");
  pgm.sql(`
    do $$ begin
      if coalesce(current_setting('conversation_metrics.adopt', true), 'on') = 'on'
        and coalesce(current_setting('conversation_metrics.backfill', true), 'on') = 'on'
      then
        perform metrics.backfill();
      end if;
    end; $$
  `);
}
