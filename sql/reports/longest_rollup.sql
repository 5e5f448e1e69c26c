-- By the distance of its clocks from UTC, week by week: no zone has kept one for less since 2012, and none
-- that is whole hours before and after was changed within an hour, but for Antarctica/Casey, three times at a
-- minute past midnight, where no day is cut in two by it.
create or replace function metrics.longest_rollup(
  unit text, time_zone text, from_time timestamptz, to_time timestamptz, shift interval
) returns integer
language plpgsql immutable parallel safe
set search_path = pg_catalog, pg_temp
as $$
declare
  -- Of nothing where all is one.
  distances constant bigint[] := case when unit = 'all' then '{0}' else array(
    select extract(epoch from (m.moment at time zone 'UTC' at time zone time_zone) - m.moment + shift)::bigint
    from (
      select at + shift
      from generate_series(from_time at time zone 'UTC', to_time at time zone 'UTC', interval '7 days') as at
      union all
      select (to_time at time zone 'UTC') + shift
    ) as m (moment)
  ) end;
begin
  return case
    when unit <> 'hour' and 0 = all (select d % 86400 from unnest(distances) as d) then 1440
    when 0 = all (select d % 3600 from unnest(distances) as d) then 60
    else 15
  end;
end; $$;

comment on function metrics.longest_rollup(text, text, timestamptz, timestamptz, interval) is
  'How long (minutes) rollups may be so that each lies within one unit (hour, day, week, month, all) of a time zone, from one time to another, moved by shift.';
