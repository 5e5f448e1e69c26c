-- The fence (offset 0) keeps the parts from being copied into each place that asks for them: each step of
-- an expression costs an INSERT three times, when it is set up, checked and run.
create or replace function metrics.count_message(
  organization_id text,
  session_id text,
  role text,
  message text,
  response text,
  reported_prompt_tokens integer,
  reported_completion_tokens integer,
  created_at timestamptz,
  responded_at timestamptz
) returns table (
  session_key uuid,
  created_at timestamptz,
  ended_at timestamptz,
  user_messages smallint,
  ai_messages smallint,
  prompt_tokens integer,
  completion_tokens integer,
  prompt_source metrics.token_source,
  completion_source metrics.token_source,
  response_us bigint
)
language sql stable parallel safe
begin atomic
  select counted.*
  from (
    select part.* from metrics.message_parts(role, message, response, created_at, responded_at) as part offset 0
  ) as part
  cross join lateral metrics.count_parts(
    organization_id, session_id, reported_prompt_tokens, reported_completion_tokens,
    part.sent_at, part.answered_at, part.user_length, part.assistant_length, part.response_length
  ) as counted;
end;

comment on function metrics.count_message(text, text, text, text, text, integer, integer, timestamptz, timestamptz) is
  'What one canonical row counts for: metrics.message_parts and metrics.count_parts beside each other.';
