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
    case when coalesce(role, 'user') = 'user' then nullif(char_length(message), 0) end,
    case when role = 'assistant' then nullif(char_length(message), 0) end,
    nullif(char_length(response), 0);
end;

comment on function metrics.message_parts(text, text, text, timestamptz, timestamptz) is
  'What metrics.count_parts asks of one message row: its known times, and of how many characters the user''s message, the assistant''s (on a row of its own) and the response are; NULL where there is none.';
