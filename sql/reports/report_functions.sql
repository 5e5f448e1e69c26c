-- As text: parsed, it would hang on the schema public, and go with it before metrics.drop_reports needs it.
create or replace function metrics.report_functions() returns table (oid oid, is_for_readers boolean)
language sql stable
set search_path = pg_catalog, pg_temp
as $$
  select p.oid, p.proname not in ('report_functions', 'drop_reports', 'close_report_privileges', 'grant_reports')
  from pg_proc as p
  where (
      p.pronamespace = 'public'::regnamespace
      and (p.proname = 'report_filter' or to_regtype('public.report_filter') = p.proargtypes[0])
      and p.proname in (
        'report_filter', 'report_sessions', 'report_summary', 'report_conversations', 'report_tokens', 'report_model_days',
        'report_leads',
        'report_satisfaction', 'report_response_times', 'report_hours', 'report_daily', 'report_weekly', 'report_monthly'
      )
    )
    or (
      p.pronamespace = 'metrics'::regnamespace
      and p.proname in (
        'checked_filter', 'known_zone', 'source_schema', 'day_start', 'previous_period', 'local_time', 'period_series',
        'longest_rollup', 'rolled_query', 'sums_query', 'times_query', 'period_sums', 'ratio', 'report_periods', 'hour_sums', 'time_percentiles', 'rolled_percentiles', 'most_sorted', 'rating_counts', 'sort_type',
        'page_place', 'price_at', 'checked_prices', 'split_key', 'model_usage', 'token_costs', 'report_keys', 'lead_sums',
        'report_functions', 'drop_reports', 'close_report_privileges', 'grant_reports'
      )
    );
$$;

comment on function metrics.report_functions() is
  'The functions of the reports, in public and metrics; is_for_readers: those that somebody who reads reports needs.';
