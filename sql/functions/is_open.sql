create or replace function metrics.is_open(user_messages smallint, ai_messages smallint) returns boolean
language sql immutable parallel safe
return user_messages > 0 and ai_messages = 0;

comment on function metrics.is_open(smallint, smallint) is
  'Whether a row is a user''s message without a response: the next row may be its answer.';
