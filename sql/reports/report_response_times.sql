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
  previous_p99 double precision,
  is_exact boolean
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
  is_rolled constant boolean := metrics.times_query(f) is not null and metrics.most_sorted() < (
    select coalesce(sum(s.conversations), 0)
    from (
      select c.conversations from metrics.period_sums(f, 'all', 0, '0') as c
      union all
      select c.conversations from metrics.period_sums(before.filter_before, 'all', 0, '0') as c where before.is_there
    ) as s
  );
  is_rolled_before constant boolean := is_rolled and before.is_there and metrics.times_query(before.filter_before) is not null;
begin
  return query
  with current as (
    select t.* from metrics.rolled_percentiles(f) as t where is_rolled
    union all
    select t.* from metrics.time_percentiles(f, ledger) as t where not is_rolled
  ),
  previous as (
    select t.* from metrics.rolled_percentiles(before.filter_before) as t where is_rolled_before
    union all
    select t.* from metrics.time_percentiles(before.filter_before, ledger) as t where before.is_there and not is_rolled_before
  )
  select
    o.measure,
    c.count, round(c.average) / 1000000, round(c.percentiles[1]) / 1000000, round(c.percentiles[2]) / 1000000,
      round(c.percentiles[3]) / 1000000, round(c.percentiles[4]) / 1000000,
    p.count, round(p.average) / 1000000, round(p.percentiles[1]) / 1000000, round(p.percentiles[2]) / 1000000,
      round(p.percentiles[3]) / 1000000, round(p.percentiles[4]) / 1000000,
    not is_rolled
  from unnest(array['answer', 'conversation', 'duration']) with ordinality as o (measure, place)
  left join current as c on c.measure = o.measure
  left join previous as p on p.measure = o.measure
  order by o.place;
end; $$;

comment on function public.report_response_times(public.report_filter) is
  'Three rows of seconds, each with its count, mean and percentiles, over the conversations whose conversation_start is in the filter''s range: answer = every single response time of theirs, from the ledger; conversation = their average_response_time; duration = their conversation_duration. Beside it the previous period of equal length. What is unknown does not count. Count and mean are exact. is_exact: the percentiles are, too (percentile_cont, to the microsecond); otherwise, over more than 50,000 conversations of both periods that rollups tell of, they are at most 1 % away.';
