create or replace function metrics.time_percentiles(filter public.report_filter, ledger name)
returns table (measure text, count bigint, average double precision, percentiles double precision[])
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
begin
  -- In whole microseconds, where floats of seconds would show 7.999999999999999. A statement each, since each needs an order of its own.
  return query execute format(
    $sql$
    select 'answer', count(*), avg(l.response_us)::float8,
      percentile_cont(array[0.5, 0.9, 0.95, 0.99]) within group (order by l.response_us::float8)
    from public.report_sessions($1) as m
    join %I.messages as l on l.session_key = m.session_key
    where l.response_us is not null
    $sql$,
    ledger
  ) using filter;
  return query execute
    $sql$
    select 'conversation', count(*), avg(m.response_us_sum / m.response_count)::float8,
      percentile_cont(array[0.5, 0.9, 0.95, 0.99]) within group (order by (m.response_us_sum / m.response_count)::float8)
    from public.report_sessions($1) as m
    where m.response_count > 0
    $sql$
    using filter;
  return query execute
    $sql$
    select 'duration', count(*), avg(round(m.conversation_duration * 1000000)),
      percentile_cont(array[0.5, 0.9, 0.95, 0.99]) within group (order by round(m.conversation_duration * 1000000))
    from public.report_sessions($1) as m
    where m.conversation_duration is not null
    $sql$
    using filter;
end; $$;

comment on function metrics.time_percentiles(public.report_filter, name) is
  'Count, mean and p50, p90, p95, p99 in microseconds of single answers, of conversations'' averages and of durations.';
