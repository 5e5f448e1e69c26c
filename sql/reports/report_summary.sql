create or replace function public.report_summary(filter public.report_filter default public.report_filter())
returns table (
  from_time timestamptz,
  to_time timestamptz,
  previous_from_time timestamptz,
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
  previous_user_messages bigint,
  previous_ai_messages bigint,
  previous_total_tokens bigint,
  previous_prompt_tokens bigint,
  previous_completion_tokens bigint,
  previous_estimated_messages bigint,
  previous_leads bigint,
  previous_conversion_rate numeric,
  previous_ratings bigint,
  previous_average_satisfaction numeric,
  previous_average_messages numeric,
  previous_average_tokens numeric,
  previous_average_response_time numeric,
  previous_average_duration numeric
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
  select
    f.from_time, f.to_time, case when before.is_there then (before.filter_before).from_time end,
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
    case when before.is_there then coalesce(p.user_messages, 0) end,
    case when before.is_there then coalesce(p.ai_messages, 0) end,
    case when before.is_there then coalesce(p.prompt_tokens + p.completion_tokens, 0) end,
    case when before.is_there then coalesce(p.prompt_tokens, 0) end,
    case when before.is_there then coalesce(p.completion_tokens, 0) end,
    case when before.is_there then coalesce(p.estimated_messages, 0) end,
    case when before.is_there then coalesce(p.leads, 0) end,
    metrics.ratio(p.leads, p.conversations, 4),
    case when before.is_there then coalesce(p.rating_count, 0) end,
    metrics.ratio(p.rating_sum, p.rating_count, 4),
    metrics.ratio(p.user_messages + p.ai_messages, p.conversations, 4),
    metrics.ratio(p.prompt_tokens + p.completion_tokens, p.conversations, 4),
    metrics.ratio(p.response_us_sum, p.response_count * 1000000::numeric, 6),
    metrics.ratio(extract(epoch from p.duration_sum), p.timed_conversations, 6)
  from (select) as one_row
  left join metrics.period_sums(f, 'all', 0, interval '0') as c on true
  left join metrics.period_sums(before.filter_before, 'all', 0, interval '0') as p on before.is_there;
end; $$;

comment on function public.report_summary(public.report_filter) is
  'One row: the figures of the conversations whose conversation_start is in the filter''s range, and those of the previous period of equal length (NULL without both bounds). Average times are seconds, conversion_rate is the share of conversations with a lead (0 to 1), average_satisfaction is the mean of all ratings (1 to 5), averages of messages and tokens are per conversation; NULL where there is nothing to average.';
