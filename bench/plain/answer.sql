insert into public.conversations (organization_id, session_id, widget_id, user_id, role, message)
values ($1, $2, $3, $4, 'assistant', $5)
