create or replace function metrics.hour_sums(filter public.report_filter)
returns table (weekday integer, hour integer, conversations bigint, messages bigint, total_tokens bigint)
language sql stable parallel safe
begin atomic
  select
    extract(isodow from m.conversation_start at time zone (filter).time_zone)::integer,
    extract(hour from m.conversation_start at time zone (filter).time_zone)::integer,
    count(*), sum(m.user_messages + m.ai_messages), sum(m.total_tokens)::bigint
  from public.report_sessions(filter) as m
  where m.conversation_start is not null
  group by 1, 2;
end;

comment on function metrics.hour_sums(public.report_filter) is
  'Sums over the conversations of a filter by weekday and hour of conversation_start in its time zone.';
