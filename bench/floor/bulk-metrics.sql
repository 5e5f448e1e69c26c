-- The second half: their sessions' metrics rows. The smallest time finds each first row by index,
-- faster here than an ordered aggregate or a sort of all rows.
insert into public.conversation_metrics as m (
  session_key, conversation_id, session_id, organization_id, widget_id, user_id,
  user_messages, ai_messages, prompt_tokens, completion_tokens, estimated_messages,
  conversation_start, conversation_end, response_count, response_us_sum,
  message_rows, open_rows, longest_lag, created_at, updated_at
)
select distinct on (summed.session_key)
  summed.session_key, first.id, first.session_id, first.organization_id, first.widget_id, first.user_id,
  summed.user_messages, summed.ai_messages, summed.prompt_tokens, summed.completion_tokens,
  summed.estimated_messages, summed.first_created_at, summed.last_ended_at, summed.response_count,
  summed.response_us_sum, summed.message_rows, 0, summed.longest_lag, now(), now()
from (
  select
    session_key,
    sum(user_messages) as user_messages,
    sum(ai_messages) as ai_messages,
    sum(prompt_tokens) as prompt_tokens,
    sum(completion_tokens) as completion_tokens,
    2 * count(*) as estimated_messages,
    min(created_at) as first_created_at,
    max(ended_at) as last_ended_at,
    count(response_us) as response_count,
    sum(response_us) as response_us_sum,
    count(*) as message_rows,
    max(ended_at - created_at) as longest_lag
  from metrics.messages
  where conversation_id > $1
  group by session_key
) as summed
join metrics.messages as l on l.session_key = summed.session_key and l.created_at = summed.first_created_at
join public.conversations as first on first.id = l.conversation_id
order by summed.session_key, l.conversation_id
on conflict (session_key) do update set
  conversation_id = case when excluded.conversation_start < m.conversation_start
    then excluded.conversation_id else m.conversation_id end,
  widget_id = case when excluded.conversation_start < m.conversation_start then excluded.widget_id else m.widget_id end,
  user_id = case when excluded.conversation_start < m.conversation_start then excluded.user_id else m.user_id end,
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
  longest_lag = greatest(m.longest_lag, excluded.longest_lag),
  updated_at = excluded.updated_at
