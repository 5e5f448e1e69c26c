create or replace function metrics.sums_query(filter public.report_filter, unit text, shift interval default '0') returns text
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
  live constant text := $sql$
    select
      m.conversation_start as at, 1::bigint as conversations, m.user_messages::bigint as user_messages,
      m.ai_messages::bigint as ai_messages, m.prompt_tokens, m.completion_tokens,
      m.estimated_messages::bigint as estimated_messages, m.has_lead::integer::bigint as leads,
      m.rating_count::bigint as rating_count, m.rating_sum, m.response_count::bigint as response_count, m.response_us_sum,
      (m.response_count > 0)::integer::bigint as answered_conversations,
      coalesce(m.response_us_sum / nullif(m.response_count, 0), 0) as average_us_sum,
      m.conversation_end - m.conversation_start as duration_sum
    from public.report_sessions($1) as m
    where %s
  $sql$;
  rolled constant text := $sql$
    select
      o.starts_at as at, o.conversations, o.user_messages, o.ai_messages, o.prompt_tokens, o.completion_tokens,
      o.estimated_messages, o.leads, o.rating_count, o.rating_sum, o.response_count, o.response_us_sum,
      o.answered_conversations, o.average_us_sum, o.duration_sum
    from %I.rollups as o
  $sql$;
begin
  return coalesce(
    metrics.rolled_query(filter, unit, shift, 15, format(rolled, metrics.source_schema(filter.source)), live),
    format(live, 'true')
  );
end; $$;

comment on function metrics.sums_query(public.report_filter, text, interval) is
  'The text of a query of sums that can be added up further, of the conversations of the filter $1 by the moment at, the start of a session or of a rollup that lies within one unit (hour, day, week, month, all). shift is what their times will be moved by.';
