create or replace function metrics.period_sums(filter public.report_filter, unit text, days integer, duration interval)
returns table (
  period date,
  conversations bigint,
  user_messages bigint,
  ai_messages bigint,
  prompt_tokens bigint,
  completion_tokens bigint,
  estimated_messages bigint,
  leads bigint,
  rating_count bigint,
  rating_sum numeric,
  response_count bigint,
  response_us_sum numeric,
  timed_conversations bigint,
  duration_sum interval
)
language sql stable parallel safe
begin atomic
  select
    case unit when 'all' then null else
      date_trunc(unit, metrics.local_time(m.conversation_start, filter, days, duration))::date
    end,
    count(*), sum(m.user_messages)::bigint, sum(m.ai_messages)::bigint, sum(m.prompt_tokens)::bigint,
    sum(m.completion_tokens)::bigint, sum(m.estimated_messages)::bigint, count(*) filter (where m.has_lead),
    sum(m.rating_count)::bigint, sum(m.rating_sum), sum(m.response_count)::bigint, sum(m.response_us_sum),
    count(m.conversation_start), sum(m.conversation_end - m.conversation_start)
  from public.report_sessions(filter) as m
  group by 1;
end;

comment on function metrics.period_sums(public.report_filter, text, integer, interval) is
  'Sums over the conversations of a filter by day, week or month of conversation_start, or over all of them. All can be added up.';
