-- One comparison: a row has one message of the user's at most.
create or replace function metrics.is_open(user_messages smallint, ai_messages smallint) returns boolean
language sql immutable parallel safe
return user_messages > ai_messages;

comment on function metrics.is_open(smallint, smallint) is
  'Whether a row is a user''s message without a response: the next row may be its answer.';
