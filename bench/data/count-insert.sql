-- The least that an application can keep of a session: the row, and a counter beside it.
with message as (
  insert into public.conversations (
    organization_id, session_id, widget_id, user_id, message, response, created_at, responded_at
  )
  values ($1, $2, $3, $4, $5, $6, now() - interval '1500 ms', now())
)
update counters set n = n + 1 where id = 1
