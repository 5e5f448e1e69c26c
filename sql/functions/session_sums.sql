-- Reduced to joins by the planner, so that the index on conversation_start finds the range.
create or replace function metrics.session_sums(
  from_time timestamptz, to_time timestamptz, minutes integer, organizations text[] default null
) returns setof metrics.rollups
language sql stable parallel safe
begin atomic
  select
    s.starts_at, session_sums.minutes::smallint, s.organization_id, s.widget_id, s.all_widgets, s.conversations,
    s.user_messages, s.ai_messages, s.prompt_tokens, s.completion_tokens, s.estimated_messages, s.leads, s.rating_count,
    s.rating_sum, s.response_count, s.response_us_sum, s.answered_conversations, s.average_us_sum, s.duration_sum, t.times
  from (
    select
      metrics.rollup_start(m.conversation_start, session_sums.minutes) as starts_at, m.organization_id::text as organization_id,
      m.widget_id::text as widget_id, grouping(m.widget_id::text) = 1 as all_widgets,
      count(*) as conversations, sum(m.user_messages) as user_messages, sum(m.ai_messages) as ai_messages,
      sum(m.prompt_tokens)::bigint as prompt_tokens, sum(m.completion_tokens)::bigint as completion_tokens,
      sum(m.estimated_messages) as estimated_messages, count(*) filter (where m.has_lead) as leads,
      sum(m.rating_count) as rating_count, sum(m.rating_sum) as rating_sum, sum(m.response_count) as response_count,
      sum(m.response_us_sum) as response_us_sum, count(*) filter (where m.response_count > 0) as answered_conversations,
      coalesce(sum(m.response_us_sum / nullif(m.response_count, 0)), 0) as average_us_sum,
      coalesce(sum(m.conversation_end - m.conversation_start), '0') as duration_sum
    from metrics.session_metrics as m
    where m.conversation_start >= from_time and m.conversation_start < to_time
      and (organizations is null or coalesce(m.organization_id::text, '') = any(organizations))
    group by grouping sets (
      (metrics.rollup_start(m.conversation_start, session_sums.minutes), m.organization_id::text, m.widget_id::text),
      (metrics.rollup_start(m.conversation_start, session_sums.minutes), m.organization_id::text)
    )
  ) as s
  left join (
    select
      b.starts_at, b.organization_id, b.widget_id, b.all_widgets, array_agg(b.bin + b.number order by b.bin) as times
    from (
      select
        x.starts_at, x.organization_id, x.widget_id, grouping(x.widget_id) = 1 as all_widgets, x.bin, count(*) as number
      from (
        select
          metrics.rollup_start(m.conversation_start, session_sums.minutes) as starts_at, m.organization_id::text as organization_id,
          m.widget_id::text as widget_id, metrics.time_bin(1, l.response_us) as bin
        from metrics.session_metrics as m
        join metrics.messages as l on l.session_key = m.session_key
        where l.response_us is not null and m.conversation_start >= from_time and m.conversation_start < to_time
          and (organizations is null or coalesce(m.organization_id::text, '') = any(organizations))
        union all
        select
          metrics.rollup_start(m.conversation_start, session_sums.minutes), m.organization_id::text, m.widget_id::text, t.bin
        from metrics.session_metrics as m
        cross join lateral metrics.session_times(
          m.response_count, m.response_us_sum, m.conversation_end - m.conversation_start
        ) as t
        where m.conversation_start >= from_time and m.conversation_start < to_time
          and (organizations is null or coalesce(m.organization_id::text, '') = any(organizations))
      ) as x
      where session_sums.minutes > 15
      group by grouping sets (
        (x.starts_at, x.organization_id, x.widget_id, x.bin),
        (x.starts_at, x.organization_id, x.bin)
      )
    ) as b
    group by b.starts_at, b.organization_id, b.widget_id, b.all_widgets
  ) as t
    -- Equal with NULLs, in a way that can be hashed.
    on t.starts_at = s.starts_at and t.all_widgets = s.all_widgets
      and coalesce(t.organization_id, '') = coalesce(s.organization_id, '')
      and (t.organization_id is null) = (s.organization_id is null)
      and coalesce(t.widget_id, '') = coalesce(s.widget_id, '') and (t.widget_id is null) = (s.widget_id is null);
end;

comment on function metrics.session_sums(timestamptz, timestamptz, integer, text[]) is
  'What metrics.rollups of so many minutes should hold from one time to another, from the sessions: of all organizations, or of some, where an empty text stands for none.';
