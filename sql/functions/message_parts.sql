create or replace function metrics.message_parts(
  role text,
  message text,
  response text,
  created_at timestamptz,
  responded_at timestamptz
) returns table (
  sent_at timestamptz,
  answered_at timestamptz,
  user_length integer,
  assistant_length integer,
  response_length integer
)
language sql immutable parallel safe
begin atomic
  select
    metrics.known_time(created_at),
    case when response <> '' then metrics.known_time(responded_at) end,
    case coalesce(role, 'user') when 'user' then coalesce(char_length(message), 0) else 0 end,
    case role when 'assistant' then coalesce(char_length(message), 0) else 0 end,
    coalesce(char_length(response), 0);
end;

comment on function metrics.message_parts(text, text, text, timestamptz, timestamptz) is
  'What metrics.count_message asks of one message row: its known times, and the characters in which the user, the assistant (a row of its own) and the response on the user''s row speak.';
