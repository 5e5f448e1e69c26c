-- Reduced to a join by the planner, so that the index on conversation_start finds the range.
create or replace function metrics.session_sums(from_time timestamptz, to_time timestamptz, minutes integer)
returns setof metrics.rollups
language sql stable parallel safe
begin atomic
  select
    metrics.rollup_start(m.conversation_start, session_sums.minutes), session_sums.minutes::smallint,
    m.organization_id::text, m.widget_id::text, grouping(m.widget_id::text) = 1,
    count(*), sum(m.user_messages), sum(m.ai_messages), sum(m.prompt_tokens)::bigint, sum(m.completion_tokens)::bigint,
    sum(m.estimated_messages), count(*) filter (where m.has_lead), sum(m.rating_count), sum(m.rating_sum),
    sum(m.response_count), sum(m.response_us_sum), coalesce(sum(m.conversation_end - m.conversation_start), '0')
  from metrics.session_metrics as m
  where m.conversation_start >= from_time and m.conversation_start < to_time
  group by grouping sets (
    (metrics.rollup_start(m.conversation_start, session_sums.minutes), m.organization_id::text, m.widget_id::text),
    (metrics.rollup_start(m.conversation_start, session_sums.minutes), m.organization_id::text)
  );
end;

comment on function metrics.session_sums(timestamptz, timestamptz, integer) is
  'What metrics.rollups of so many minutes should hold from one time to another, from the sessions.';
