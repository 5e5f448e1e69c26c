create or replace function metrics.estimated_messages(
  user_messages smallint,
  prompt_source metrics.token_source,
  ai_messages smallint,
  completion_source metrics.token_source
) returns integer
language sql immutable parallel safe
return case when prompt_source in ('estimate', 'kept') then user_messages else 0 end
  + case when completion_source in ('estimate', 'kept') then ai_messages else 0 end;

comment on function metrics.estimated_messages(smallint, metrics.token_source, smallint, metrics.token_source) is
  'How many messages of a row have estimated tokens.';
