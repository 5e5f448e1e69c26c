create or replace function public.report_hours(filter public.report_filter default public.report_filter())
returns table (
  weekday integer,
  hour integer,
  conversations bigint,
  messages bigint,
  total_tokens bigint,
  previous_conversations bigint,
  previous_messages bigint
)
language plpgsql stable
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_custom_plan
set jit = off
as $$
#variable_conflict use_column
declare
  f constant public.report_filter := metrics.checked_filter(filter);
  before constant record := metrics.previous_period(f);
begin
  perform metrics.source_schema(f.source);
  return query
  select
    d.weekday, h.hour,
    coalesce(c.conversations, 0), coalesce(c.messages, 0), coalesce(c.total_tokens, 0),
    case when before.is_there then coalesce(p.conversations, 0) end,
    case when before.is_there then coalesce(p.messages, 0) end
  from generate_series(1, 7) as d (weekday)
  cross join generate_series(0, 23) as h (hour)
  left join metrics.hour_sums(f) as c on (c.weekday, c.hour) = (d.weekday, h.hour)
  left join metrics.hour_sums(before.filter_before) as p on (p.weekday, p.hour) = (d.weekday, h.hour)
  order by d.weekday, h.hour;
end; $$;

comment on function public.report_hours(public.report_filter) is
  'When conversations start: 168 rows, weekday (1 = Monday to 7) by hour (0 to 23) on the clocks of the filter''s time zone, by conversation_start. messages and total_tokens are those of the conversations that started then. An hour that the clocks repeat counts twice as long, one that they leave out is 0. Beside it the same weekday and hour of the previous period of equal length.';
