create or replace function metrics.report_periods(filter public.report_filter, unit text)
returns table (
  period date,
  starts_at timestamptz,
  ends_at timestamptz,
  conversations bigint,
  messages bigint,
  user_messages bigint,
  ai_messages bigint,
  total_tokens bigint,
  prompt_tokens bigint,
  completion_tokens bigint,
  estimated_messages bigint,
  leads bigint,
  conversion_rate numeric,
  ratings bigint,
  average_satisfaction numeric,
  average_messages numeric,
  average_tokens numeric,
  average_response_time numeric,
  average_duration numeric,
  previous_conversations bigint,
  previous_messages bigint,
  previous_total_tokens bigint,
  previous_leads bigint,
  previous_conversion_rate numeric,
  previous_average_satisfaction numeric,
  previous_average_response_time numeric
)
language plpgsql stable
set search_path = pg_catalog, pg_temp
-- What depends on the filter's values is planned by itself, in metrics.period_sums.
set plan_cache_mode = force_generic_plan
set jit = off
as $$
#variable_conflict use_column
declare
  f constant public.report_filter := metrics.checked_filter(filter);
  before constant record := metrics.previous_period(f);
begin
  perform metrics.source_schema(f.source);
  return query
  with sums as materialized (
    select * from metrics.period_sums(f, unit, 0, interval '0')
  ),
  sums_before as materialized (
    select * from metrics.period_sums(before.filter_before, unit, before.days, before.duration)
  ),
  reach as (
    select min(s.period) as first_day, max(s.period) as last_day from sums as s
  ),
  series as (
    select s.period, s.starts_at, s.ends_at
    from reach cross join lateral metrics.period_series(f, unit, reach.first_day, reach.last_day) as s
    union all
    -- Conversations whose start nobody knows.
    select null, null, null from sums as s where s.period is null
  )
  select
    t.period, t.starts_at, t.ends_at,
    coalesce(c.conversations, 0),
    coalesce(c.user_messages + c.ai_messages, 0),
    coalesce(c.user_messages, 0),
    coalesce(c.ai_messages, 0),
    coalesce(c.prompt_tokens + c.completion_tokens, 0),
    coalesce(c.prompt_tokens, 0),
    coalesce(c.completion_tokens, 0),
    coalesce(c.estimated_messages, 0),
    coalesce(c.leads, 0),
    metrics.ratio(c.leads, c.conversations, 4),
    coalesce(c.rating_count, 0),
    metrics.ratio(c.rating_sum, c.rating_count, 4),
    metrics.ratio(c.user_messages + c.ai_messages, c.conversations, 4),
    metrics.ratio(c.prompt_tokens + c.completion_tokens, c.conversations, 4),
    metrics.ratio(c.response_us_sum, c.response_count * 1000000::numeric, 6),
    metrics.ratio(extract(epoch from c.duration_sum), c.timed_conversations, 6),
    case when before.is_there then coalesce(p.conversations, 0) end,
    case when before.is_there then coalesce(p.user_messages + p.ai_messages, 0) end,
    case when before.is_there then coalesce(p.prompt_tokens + p.completion_tokens, 0) end,
    case when before.is_there then coalesce(p.leads, 0) end,
    metrics.ratio(p.leads, p.conversations, 4),
    metrics.ratio(p.rating_sum, p.rating_count, 4),
    metrics.ratio(p.response_us_sum, p.response_count * 1000000::numeric, 6)
  from series as t
  left join sums as c on coalesce(c.period, 'infinity') = coalesce(t.period, 'infinity')
  left join sums_before as p on p.period = t.period
  order by t.period;
end; $$;

comment on function metrics.report_periods(public.report_filter, text) is
  'The rows of report_daily, report_weekly and report_monthly (unit day, week, month).';
