-- In UTC without a zone: adding to a timestamptz goes by the session's time zone.
create or replace function metrics.local_time(at timestamptz, filter public.report_filter, days integer, duration interval)
returns timestamp
language sql immutable parallel safe
begin atomic
  select (((at at time zone 'UTC') + duration) at time zone 'UTC' at time zone (filter).time_zone)
    + days * interval '1 day';
end;

comment on function metrics.local_time(timestamptz, public.report_filter, integer, interval) is
  'A moment on the clocks of the filter''s time zone, moved from the previous period into the one reported.';
