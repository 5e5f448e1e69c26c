-- What the engine does for plain/question.sql, by hand. No earlier row can find its answer in a
-- question, so none is looked for.
with message as (
  insert into public.conversations (organization_id, session_id, widget_id, user_id, role, message)
  values ($1, $2, $3, $4, 'user', $5)
  returning *
),
entry as (
  insert into metrics.messages (
    conversation_id, session_key, created_at, ended_at, user_messages, prompt_tokens, prompt_source
  )
  select
    id, metrics.session_key(organization_id::text, session_id), created_at, created_at, 1,
    (char_length(message) + 3) / 4, 'estimate'
  from message
  returning *
)
insert into public.conversation_metrics as m (
  session_key, conversation_id, session_id, organization_id, widget_id, user_id,
  user_messages, prompt_tokens, estimated_messages,
  conversation_start, conversation_end, message_rows, open_rows, created_at, updated_at
)
select
  entry.session_key, message.id, message.session_id, message.organization_id, message.widget_id, message.user_id,
  1, entry.prompt_tokens, 1,
  entry.created_at, entry.ended_at, 1, 1, now(), now()
from message cross join entry
on conflict (session_key) do update set
  conversation_id = case when excluded.conversation_start < m.conversation_start
    then excluded.conversation_id else m.conversation_id end,
  widget_id = case when excluded.conversation_start < m.conversation_start then excluded.widget_id else m.widget_id end,
  user_id = case when excluded.conversation_start < m.conversation_start then excluded.user_id else m.user_id end,
  user_messages = m.user_messages + 1,
  prompt_tokens = m.prompt_tokens + excluded.prompt_tokens,
  estimated_messages = m.estimated_messages + 1,
  conversation_start = least(m.conversation_start, excluded.conversation_start),
  conversation_end = greatest(m.conversation_end, excluded.conversation_end),
  message_rows = m.message_rows + 1,
  open_rows = m.open_rows + 1,
  updated_at = excluded.updated_at
returning (select id from message)
