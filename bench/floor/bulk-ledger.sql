-- After many exchange rows with ids above $1 were written without triggers: their ledger rows.
insert into metrics.messages (
  conversation_id, session_key, created_at, ended_at, user_messages, ai_messages,
  prompt_tokens, completion_tokens, prompt_source, completion_source, response_us
)
select
  id, metrics.session_key(organization_id::text, session_id), created_at, responded_at, 1, 1,
  (char_length(message) + 3) / 4, (char_length(response) + 3) / 4, 'estimate', 'estimate',
  (1000000 * extract(epoch from responded_at - created_at))::bigint
from public.conversations
where id > $1
