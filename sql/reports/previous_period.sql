create or replace function metrics.previous_period(
  filter public.report_filter,
  out filter_before public.report_filter,
  out is_there boolean,
  out days integer,
  out duration interval
)
language plpgsql immutable parallel safe
set search_path = pg_catalog, pg_temp
as $$
declare
  first_day constant date := (filter.from_time at time zone filter.time_zone)::date;
  end_day constant date := (filter.to_time at time zone filter.time_zone)::date;
begin
  filter_before := filter;
  is_there := isfinite(filter.from_time) and isfinite(filter.to_time);
  days := 0;
  duration := interval '0';
  if is_there is not true then
    is_there := false;
    -- None, where NULL would be all.
    filter_before.from_time := 'infinity';
    filter_before.to_time := 'infinity';
    return;
  end if;
  if filter.from_time = metrics.day_start(first_day, filter.time_zone)
    and filter.to_time = metrics.day_start(end_day, filter.time_zone)
  then
    days := end_day - first_day;
    filter_before.from_time := metrics.day_start(first_day - days, filter.time_zone);
  else
    duration := (filter.to_time at time zone 'UTC') - (filter.from_time at time zone 'UTC');
    filter_before.from_time := ((filter.from_time at time zone 'UTC') - duration) at time zone 'UTC';
  end if;
  filter_before.to_time := filter.from_time;
end; $$;

comment on function metrics.previous_period(public.report_filter) is
  'The filter for the period of equal length before: as many whole days of its time zone, or, where its bounds are not the starts of days, the same duration; and what to move a moment of it by to compare it with its like in the period. is_there is false without both bounds; the filter lets nothing through then.';
