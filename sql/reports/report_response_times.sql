create or replace function public.report_response_times(filter public.report_filter default public.report_filter())
returns table (
  measure text,
  count bigint,
  average double precision,
  p50 double precision,
  p90 double precision,
  p95 double precision,
  p99 double precision,
  previous_count bigint,
  previous_average double precision,
  previous_p50 double precision,
  previous_p90 double precision,
  previous_p95 double precision,
  previous_p99 double precision
)
language plpgsql stable
set search_path = pg_catalog, pg_temp
set jit = off
as $$
#variable_conflict use_column
declare
  f constant public.report_filter := metrics.checked_filter(filter);
  before constant record := metrics.previous_period(f);
  ledger constant name := metrics.source_schema(f.source);
begin
  return query
  select
    o.measure,
    c.count, round(c.average) / 1000000, round(c.percentiles[1]) / 1000000, round(c.percentiles[2]) / 1000000,
      round(c.percentiles[3]) / 1000000, round(c.percentiles[4]) / 1000000,
    p.count, round(p.average) / 1000000, round(p.percentiles[1]) / 1000000, round(p.percentiles[2]) / 1000000,
      round(p.percentiles[3]) / 1000000, round(p.percentiles[4]) / 1000000
  from unnest(array['answer', 'conversation', 'duration']) with ordinality as o (measure, place)
  left join metrics.time_percentiles(f, ledger) as c on c.measure = o.measure
  left join metrics.time_percentiles(before.filter_before, ledger) as p on p.measure = o.measure and before.is_there
  order by o.place;
end; $$;

comment on function public.report_response_times(public.report_filter) is
  'Three rows of seconds, each with its count, mean and percentiles (exact ones, by percentile_cont, to the microsecond), over the conversations whose conversation_start is in the filter''s range: answer = every single response time of theirs, from the ledger; conversation = their average_response_time; duration = their conversation_duration. Beside it the previous period of equal length. What is unknown does not count.';
