create or replace function metrics.times_query(filter public.report_filter) returns text
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
  home constant name := metrics.source_schema(filter.source);
begin
  return metrics.rolled_query(
    filter, 'all', '0', 60,
    format(
      'select (x.entry >> 32) << 32 as bin, x.entry & 4294967295 as number from %I.rollups as o cross join unnest(o.times) as x (entry)',
      home
    ),
    format(
      $sql$
      select metrics.time_bin(1, l.response_us) as bin, 1::bigint as number
      from public.report_sessions($1) as m
      join %I.messages as l on l.session_key = m.session_key
      where l.response_us is not null and %%1$s
      union all
      select t.bin, 1
      from public.report_sessions($1) as m
      cross join lateral metrics.session_times(
        m.response_count, m.response_us_sum, m.conversation_end - m.conversation_start
      ) as t
      where %%1$s
      $sql$,
      home
    )
  );
end; $$;

comment on function metrics.times_query(public.report_filter) is
  'The text of a query of how many times are in each bin (metrics.time_bin), of the conversations of the filter $1. NULL where rollups cannot tell.';
