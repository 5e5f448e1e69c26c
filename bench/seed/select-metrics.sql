select conversation_id from public.conversation_metrics where session_id = $1 and organization_id = $2
