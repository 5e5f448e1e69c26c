-- What the engine does for plain/fill-response.sql, by hand.
with message as (
  update public.conversations set response = $2, responded_at = now() where id = $1
  returning id, response, responded_at
),
entry as (
  update metrics.messages as l
  set
    ai_messages = 1,
    completion_tokens = (char_length(message.response) + 3) / 4,
    completion_source = 'estimate',
    ended_at = greatest(l.ended_at, message.responded_at),
    response_us = (1000000 * extract(epoch from message.responded_at - l.created_at))::bigint
  from message
  where l.conversation_id = message.id
  returning l.session_key, l.created_at, l.ended_at, l.completion_tokens, l.response_us
)
update public.conversation_metrics as m
set
  ai_messages = m.ai_messages + 1,
  completion_tokens = m.completion_tokens + entry.completion_tokens,
  estimated_messages = m.estimated_messages + 1,
  conversation_end = greatest(m.conversation_end, entry.ended_at),
  response_count = m.response_count + 1,
  response_us_sum = m.response_us_sum + entry.response_us,
  open_rows = m.open_rows - 1,
  longest_lag = greatest(m.longest_lag, entry.ended_at - entry.created_at),
  updated_at = now()
from entry
where m.session_key = entry.session_key
