-- What the engine does for plain/answer.sql, by hand: the answer also gives the row before it, where
-- that is an open question, its response time.
with message as (
  insert into public.conversations (organization_id, session_id, widget_id, user_id, role, message)
  values ($1, $2, $3, $4, 'assistant', $5)
  returning *, metrics.session_key(organization_id::text, session_id) as session_key
),
before as (
  select l.conversation_id, message.created_at as answered_at
  from message
  cross join lateral (
    select l.conversation_id
    from metrics.messages as l
    where l.session_key = message.session_key
    order by l.created_at desc, l.conversation_id desc
    limit 1
  ) as l
),
paired as (
  update metrics.messages as l
  set response_us = (1000000 * extract(epoch from before.answered_at - l.created_at))::bigint
  from before
  where l.conversation_id = before.conversation_id and l.user_messages > 0 and l.ai_messages = 0
  returning l.response_us
),
entry as (
  insert into metrics.messages (
    conversation_id, session_key, created_at, ended_at, ai_messages, completion_tokens, completion_source
  )
  select id, session_key, created_at, created_at, 1, (char_length(message) + 3) / 4, 'estimate'
  from message
  returning *
)
insert into public.conversation_metrics as m (
  session_key, conversation_id, session_id, organization_id, widget_id, user_id,
  ai_messages, completion_tokens, estimated_messages,
  conversation_start, conversation_end, response_count, response_us_sum, message_rows, created_at, updated_at
)
select
  entry.session_key, message.id, message.session_id, message.organization_id, message.widget_id, message.user_id,
  1, entry.completion_tokens, 1,
  entry.created_at, entry.ended_at, (paired.response_us is not null)::integer, coalesce(paired.response_us, 0), 1, now(), now()
from message
cross join entry
left join paired on true
on conflict (session_key) do update set
  conversation_id = case when excluded.conversation_start < m.conversation_start
    then excluded.conversation_id else m.conversation_id end,
  widget_id = case when excluded.conversation_start < m.conversation_start then excluded.widget_id else m.widget_id end,
  user_id = case when excluded.conversation_start < m.conversation_start then excluded.user_id else m.user_id end,
  ai_messages = m.ai_messages + 1,
  completion_tokens = m.completion_tokens + excluded.completion_tokens,
  estimated_messages = m.estimated_messages + 1,
  conversation_start = least(m.conversation_start, excluded.conversation_start),
  conversation_end = greatest(m.conversation_end, excluded.conversation_end),
  response_count = m.response_count + excluded.response_count,
  response_us_sum = m.response_us_sum + excluded.response_us_sum,
  message_rows = m.message_rows + 1,
  updated_at = excluded.updated_at
