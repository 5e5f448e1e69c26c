create or replace function metrics.message_delta(message metrics.messages) returns metrics.session_delta
language sql stable
return row(
  message.session_key,
  1,
  message.user_messages,
  message.ai_messages,
  message.prompt_tokens,
  message.completion_tokens,
  metrics.estimated_messages(
    message.user_messages, message.prompt_source, message.ai_messages, message.completion_source
  ),
  metrics.is_open(message.user_messages, message.ai_messages)::integer,
  (message.response_us is not null)::integer,
  coalesce(message.response_us, 0),
  metrics.row_lag(message.created_at, message.ended_at),
  null,
  message.ended_at,
  message.created_at,
  message.created_at
)::metrics.session_delta;

comment on function metrics.message_delta(metrics.messages) is 'What one ledger row adds to its session.';
