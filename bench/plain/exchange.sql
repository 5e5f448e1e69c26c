-- An application that logs a question and its answer in one row, when the answer has been given.
insert into public.conversations (
  organization_id, session_id, widget_id, user_id, message, response, created_at, responded_at
)
values ($1, $2, $3, $4, $5, $6, now() - interval '1500 ms', now())
