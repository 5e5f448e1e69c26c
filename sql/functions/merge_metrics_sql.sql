-- Written once for the one-row and the set-based statement. A first row is moved only forward here:
-- an INSERT cannot take one away.
create or replace function metrics.merge_metrics_sql() returns text
language sql immutable
begin atomic
  select $sql$
      conversation_id = case
        when (coalesce(excluded.conversation_start, 'infinity'), excluded.conversation_id)
          < (coalesce(m.conversation_start, 'infinity'), m.conversation_id)
        then excluded.conversation_id else m.conversation_id end,
      widget_id = case
        when (coalesce(excluded.conversation_start, 'infinity'), excluded.conversation_id)
          < (coalesce(m.conversation_start, 'infinity'), m.conversation_id)
        then excluded.widget_id else m.widget_id end,
      user_id = case
        when (coalesce(excluded.conversation_start, 'infinity'), excluded.conversation_id)
          < (coalesce(m.conversation_start, 'infinity'), m.conversation_id)
        then excluded.user_id else m.user_id end,
      user_messages = m.user_messages + excluded.user_messages,
      ai_messages = m.ai_messages + excluded.ai_messages,
      prompt_tokens = m.prompt_tokens + excluded.prompt_tokens,
      completion_tokens = m.completion_tokens + excluded.completion_tokens,
      estimated_messages = m.estimated_messages + excluded.estimated_messages,
      conversation_start = least(m.conversation_start, excluded.conversation_start),
      conversation_end = greatest(m.conversation_end, excluded.conversation_end),
      response_count = m.response_count + excluded.response_count,
      response_us_sum = m.response_us_sum + excluded.response_us_sum,
      message_rows = m.message_rows + excluded.message_rows,
      open_rows = m.open_rows + excluded.open_rows,
      longest_lag = greatest(m.longest_lag, excluded.longest_lag),
      updated_at = excluded.updated_at
  $sql$;
end;

comment on function metrics.merge_metrics_sql() is
  'The assignments that add new rows of a session to its metrics row m.';
