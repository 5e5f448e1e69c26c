update public.conversation_metrics
set
  conversation_id = $3, user_messages = $4, ai_messages = $5, prompt_tokens = $6, completion_tokens = $7,
  conversation_start = $8, conversation_end = $9, response_count = $10, response_us_sum = $11, message_rows = $12,
  updated_at = now()
where session_id = $1 and organization_id = $2
