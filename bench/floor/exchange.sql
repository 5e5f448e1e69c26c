-- What the engine does for plain/exchange.sql, by hand, for rows of this one kind.
with message as (
  insert into public.conversations (
    organization_id, session_id, widget_id, user_id, message, response, created_at, responded_at
  )
  values ($1, $2, $3, $4, $5, $6, now() - interval '1500 ms', now())
  returning *
),
entry as (
  insert into metrics.messages (
    conversation_id, session_key, created_at, ended_at, user_messages, ai_messages,
    prompt_tokens, completion_tokens, prompt_source, completion_source, response_us
  )
  select
    id, metrics.session_key(organization_id::text, session_id), created_at, responded_at, 1, 1,
    (char_length(message) + 3) / 4, (char_length(response) + 3) / 4, 'estimate', 'estimate',
    (1000000 * extract(epoch from responded_at - created_at))::bigint
  from message
  returning *
)
insert into public.conversation_metrics as m (
  session_key, conversation_id, session_id, organization_id, widget_id, user_id,
  user_messages, ai_messages, prompt_tokens, completion_tokens, estimated_messages,
  conversation_start, conversation_end, response_count, response_us_sum,
  message_rows, open_rows, longest_lag, created_at, updated_at
)
select
  entry.session_key, message.id, message.session_id, message.organization_id, message.widget_id, message.user_id,
  1, 1, entry.prompt_tokens, entry.completion_tokens, 2,
  entry.created_at, entry.ended_at, 1, entry.response_us,
  1, 0, entry.ended_at - entry.created_at, now(), now()
from message cross join entry
on conflict (session_key) do update set
  conversation_id = case when excluded.conversation_start < m.conversation_start
    then excluded.conversation_id else m.conversation_id end,
  widget_id = case when excluded.conversation_start < m.conversation_start then excluded.widget_id else m.widget_id end,
  user_id = case when excluded.conversation_start < m.conversation_start then excluded.user_id else m.user_id end,
  user_messages = m.user_messages + 1,
  ai_messages = m.ai_messages + 1,
  prompt_tokens = m.prompt_tokens + excluded.prompt_tokens,
  completion_tokens = m.completion_tokens + excluded.completion_tokens,
  estimated_messages = m.estimated_messages + 2,
  conversation_start = least(m.conversation_start, excluded.conversation_start),
  conversation_end = greatest(m.conversation_end, excluded.conversation_end),
  response_count = m.response_count + 1,
  response_us_sum = m.response_us_sum + excluded.response_us_sum,
  message_rows = m.message_rows + 1,
  longest_lag = greatest(m.longest_lag, excluded.longest_lag),
  updated_at = excluded.updated_at
