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
  answered_conversations bigint,
  average_us_sum numeric,
  timed_conversations bigint,
  duration_sum interval
)
language plpgsql stable
set search_path = pg_catalog, pg_temp
set jit = off
as $$
begin
  return query execute format(
    $sql$
    select
      case $2 when 'all' then null else date_trunc($2, %2$s)::date end,
      sum(p.conversations)::bigint, sum(p.user_messages)::bigint, sum(p.ai_messages)::bigint,
      sum(p.prompt_tokens)::bigint, sum(p.completion_tokens)::bigint, sum(p.estimated_messages)::bigint,
      sum(p.leads)::bigint, sum(p.rating_count)::bigint, sum(p.rating_sum), sum(p.response_count)::bigint,
      sum(p.response_us_sum), sum(p.answered_conversations)::bigint, sum(p.average_us_sum),
      coalesce(sum(p.conversations) filter (where p.at is not null), 0)::bigint,
      sum(p.duration_sum)
    from (%1$s) as p
    group by 1
    $sql$,
    metrics.sums_query(filter, unit, duration),
    -- Most need not be moved, which is most of the time that a report takes.
    case when days = 0 and duration = '0' then 'p.at at time zone ($1).time_zone' else 'metrics.local_time(p.at, $1, $3, $4)' end
  ) using filter, unit, days, duration;
end; $$;

comment on function metrics.period_sums(public.report_filter, text, integer, interval) is
  'Sums over the conversations of a filter by day, week or month of conversation_start, or over all of them. All can be added up.';
