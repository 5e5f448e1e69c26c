create or replace function metrics.checked_filter(filter public.report_filter) returns public.report_filter
language plpgsql immutable parallel safe
set search_path = pg_catalog, pg_temp
as $$
begin
  filter.source := coalesce(filter.source, 'default');
  filter.no_organization := coalesce(filter.no_organization, false);
  filter.time_zone := metrics.known_zone(coalesce(filter.time_zone, 'UTC'));
  if not isfinite(filter.from_time) then
    filter.from_time := case when filter.from_time > 'epoch' then 'infinity'::timestamptz end;
  end if;
  if not isfinite(filter.to_time) then
    filter.to_time := case when filter.to_time < 'epoch' then '-infinity'::timestamptz end;
  end if;
  -- Far enough from the ends of what a date can be for the previous period and the year's last week.
  if (isfinite(filter.from_time) and filter.from_time not between '1900-01-01Z' and '2200-01-01Z')
    or (isfinite(filter.to_time) and filter.to_time not between '1900-01-01Z' and '2200-01-01Z')
  then
    raise exception 'from_time and to_time are from 1900 to 2200'
      using errcode = 'invalid_parameter_value', hint = 'Leave a bound out for none.';
  elsif filter.from_time > filter.to_time then
    raise exception 'from_time (%) is after to_time (%)', filter.from_time, filter.to_time
      using errcode = 'invalid_parameter_value', hint = 'to_time is the first moment that no longer counts.';
  elsif filter.min_tokens > filter.max_tokens then
    raise exception 'min_tokens (%) is above max_tokens (%)', filter.min_tokens, filter.max_tokens
      using errcode = 'invalid_parameter_value', hint = 'Both limits count themselves; leave one out for none.';
  elsif filter.min_tokens < 0 or filter.max_tokens < 0 then
    raise exception 'min_tokens and max_tokens cannot be negative'
      using errcode = 'invalid_parameter_value', hint = 'Leave a limit out for none.';
  elsif filter.min_satisfaction > filter.max_satisfaction then
    raise exception 'min_satisfaction (%) is above max_satisfaction (%)', filter.min_satisfaction, filter.max_satisfaction
      using errcode = 'invalid_parameter_value', hint = 'Both limits count themselves; leave one out for none.';
  elsif filter.min_satisfaction not between 1 and 5 or filter.max_satisfaction not between 1 and 5 then
    raise exception 'min_satisfaction and max_satisfaction are from 1 to 5'
      using errcode = 'invalid_parameter_value', hint = 'Leave a limit out for none.';
  elsif filter.weekday not between 1 and 7 or filter.hour not between 0 and 23 then
    raise exception 'weekday is from 1 to 7, and hour from 0 to 23'
      using errcode = 'invalid_parameter_value', hint = '1 is Monday; the hour is that of the clocks of time_zone.';
  elsif filter.no_organization and filter.organization is not null then
    raise exception 'organization and no_organization exclude each other'
      using errcode = 'invalid_parameter_value',
        hint = 'no_organization is for the conversations whose organization is NULL.';
  end if;
  return filter;
end; $$;

comment on function metrics.checked_filter(public.report_filter) is
  'The filter with its defaults; an error with a HINT where it makes no sense.';
