create or replace function metrics.period_series(filter public.report_filter, unit text, first_day date, last_day date)
returns table (period date, starts_at timestamptz, ends_at timestamptz)
language plpgsql immutable parallel safe
set search_path = pg_catalog, pg_temp
as $$
declare
  first_at constant date := coalesce((filter.from_time at time zone filter.time_zone)::date, first_day);
  last_at constant date := coalesce(
    (((filter.to_time at time zone 'UTC') - interval '1 microsecond') at time zone 'UTC' at time zone filter.time_zone)::date,
    last_day
  );
begin
  if not isfinite(filter.from_time) or not isfinite(filter.to_time) then
    return;
  end if;
  if (last_at - first_at) / (case unit when 'day' then 1 when 'week' then 7 else 28 end) > 40000 then
    raise exception 'from % to % are more than 40,000 %s', first_at, last_at, unit
      using errcode = 'invalid_parameter_value', hint = 'Choose a shorter range, or weeks or months. One conversation with a time that cannot be is enough: select * from conversation_metrics order by conversation_start desc.';
  end if;
  return query
  select s.period, greatest(s.starts_at, filter.from_time), least(s.ends_at, filter.to_time)
  from (
    select d.day as period, d.starts_at, lead(d.starts_at) over (order by d.day) as ends_at
    from (
      select at::date as day, metrics.day_start(at::date, filter.time_zone) as starts_at
      from generate_series(date_trunc(unit, first_at::timestamp), last_at + ('1 ' || unit)::interval, ('1 ' || unit)::interval) as at
    ) as d
  ) as s
  where greatest(s.starts_at, filter.from_time) < least(s.ends_at, filter.to_time) and s.ends_at is not null;
end; $$;

comment on function metrics.period_series(public.report_filter, text, date, date) is
  'The days, ISO weeks or months of a filter''s range in its time zone, each cut to the range; where a bound is missing, from the first day given or to the last.';
