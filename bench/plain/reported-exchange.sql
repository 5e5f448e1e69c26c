-- As exchange.sql, with the usage that the provider reported.
insert into public.conversations (
  organization_id, session_id, widget_id, user_id, message, response, prompt_tokens, completion_tokens,
  created_at, responded_at
)
values ($1, $2, $3, $4, $5, $6, 14, 52, now() - interval '1500 ms', now())
