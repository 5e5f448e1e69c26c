-- No SET clause and no plpgsql: the planner puts it into the query that calls it, with the filter's values as
-- constants. What does not filter then is not there, and neither are the other sources.
create or replace function public.report_sessions(filter public.report_filter)
returns table (
  source text,
  session_key uuid,
  conversation_id text,
  session_id text,
  organization_id text,
  widget_id text,
  user_id text,
  total_messages integer,
  user_messages integer,
  ai_messages integer,
  total_tokens bigint,
  prompt_tokens bigint,
  completion_tokens bigint,
  estimated_messages integer,
  conversation_start timestamptz,
  conversation_end timestamptz,
  conversation_duration double precision,
  average_response_time double precision,
  response_count integer,
  response_us_sum numeric,
  has_lead boolean,
  lead_name text,
  lead_email text,
  lead_company text,
  user_satisfaction double precision,
  rating_count integer,
  rating_sum numeric,
  created_at timestamptz,
  updated_at timestamptz
)
language sql stable parallel safe
begin atomic
  select
    m.source, m.session_key, m.conversation_id, m.session_id, m.organization_id, m.widget_id, m.user_id,
    m.total_messages, m.user_messages, m.ai_messages, m.total_tokens, m.prompt_tokens, m.completion_tokens,
    m.estimated_messages, m.conversation_start, m.conversation_end, m.conversation_duration,
    m.average_response_time, m.response_count, m.response_us_sum,
    m.has_lead, m.lead_name, m.lead_email, m.lead_company,
    m.user_satisfaction, m.rating_count, m.rating_sum, m.created_at, m.updated_at
  from public.all_conversation_metrics as m
  where m.source = coalesce((filter).source, 'default')
    and ((filter).organization is null or m.organization_id = (filter).organization)
    and ((filter).no_organization is not true or m.organization_id is null)
    and ((filter).from_time is null or m.conversation_start >= (filter).from_time)
    and ((filter).to_time is null or m.conversation_start < (filter).to_time)
    and ((filter).widget is null or m.widget_id = (filter).widget)
    and ((filter).user_id is null or m.user_id = (filter).user_id)
    and ((filter).min_tokens is null or m.total_tokens >= (filter).min_tokens)
    and ((filter).max_tokens is null or m.total_tokens <= (filter).max_tokens)
    and ((filter).has_lead is null or m.has_lead = (filter).has_lead)
    and (
      (filter).min_satisfaction is null
      or (m.rating_count > 0 and m.rating_sum >= (filter).min_satisfaction * m.rating_count)
    )
    and (
      (filter).max_satisfaction is null
      or (m.rating_count > 0 and m.rating_sum <= (filter).max_satisfaction * m.rating_count)
    )
    and (
      (filter).weekday is null
      or extract(isodow from m.conversation_start at time zone coalesce((filter).time_zone, 'UTC')) = (filter).weekday
    )
    and (
      (filter).hour is null
      or extract(hour from m.conversation_start at time zone coalesce((filter).time_zone, 'UTC')) = (filter).hour
    );
end;

comment on function public.report_sessions(public.report_filter) is
  'The rows of all_conversation_metrics that a filter lets through, by conversation_start: what every report counts, and the one place that filters. Tokens, seconds, ratings 1 to 5. A conversation without a known start is there only without from_time and to_time.';
