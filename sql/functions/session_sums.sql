-- Reduced to a join by the planner, so that the index on conversation_start finds the range.
create or replace function metrics.session_sums(from_time timestamptz, to_time timestamptz)
returns setof metrics.rollups
language sql stable parallel safe
begin atomic
  select
    metrics.quarter_hour(m.conversation_start), m.organization_id::text, m.widget_id::text,
    grouping(m.widget_id::text) = 1,
    count(*), sum(m.user_messages), sum(m.ai_messages), sum(m.prompt_tokens)::bigint, sum(m.completion_tokens)::bigint,
    sum(m.estimated_messages), count(*) filter (where m.has_lead), sum(m.rating_count), sum(m.rating_sum),
    sum(m.response_count), sum(m.response_us_sum), coalesce(sum(m.conversation_end - m.conversation_start), '0')
  from metrics.session_metrics as m
  where m.conversation_start >= from_time and m.conversation_start < to_time
  group by grouping sets (
    (metrics.quarter_hour(m.conversation_start), m.organization_id::text, m.widget_id::text),
    (metrics.quarter_hour(m.conversation_start), m.organization_id::text)
  );
end;

comment on function metrics.session_sums(timestamptz, timestamptz) is
  'What metrics.rollups should hold for the quarters of an hour from one time to another.';
