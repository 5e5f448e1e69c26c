create or replace function public.report_daily(filter public.report_filter default public.report_filter())
returns table (
  day date,
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
language sql stable
set search_path = pg_catalog, pg_temp
begin atomic
  select p.* from metrics.report_periods(filter, 'day') as p;
end;

comment on function public.report_daily(public.report_filter) is
  'One row for each day of the filter''s range in its time zone, also an empty one, by conversation_start, cut to the range: starts_at counts, ends_at no longer does. The rows add up to the range. Beside it what corresponds in the previous period of equal length. Average times are seconds, conversion_rate is the share of conversations with a lead (0 to 1), average_satisfaction is the mean of all ratings (1 to 5), averages of messages and tokens are per conversation; NULL where there is nothing to average. A last row without a day, only without both bounds: conversations whose start is unknown.';
