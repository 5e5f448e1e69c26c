-- $1 and $2 name the session, the others are what the application made of its rows.
insert into public.conversation_metrics (
  session_key, session_id, organization_id, conversation_id, user_messages, ai_messages,
  prompt_tokens, completion_tokens, conversation_start, conversation_end, response_count, response_us_sum, message_rows
)
values (
  metrics.session_key(($2::bigint)::text, $1), $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12
)
