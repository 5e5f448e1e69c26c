create or replace function metrics.sort_type(sort text) returns text
language plpgsql immutable parallel safe
set search_path = pg_catalog, pg_temp
as $$
declare
  type constant text := case
    when sort in ('conversation_start', 'conversation_end', 'created_at', 'updated_at') then 'timestamptz'
    when sort in ('conversation_duration', 'average_response_time', 'user_satisfaction') then 'double precision'
    when sort in ('total_messages', 'user_messages', 'ai_messages', 'estimated_messages', 'response_count', 'rating_count') then 'integer'
    when sort in ('total_tokens', 'prompt_tokens', 'completion_tokens') then 'bigint'
    when sort in ('has_lead') then 'boolean'
    when sort in ('session_id', 'organization_id', 'widget_id', 'user_id', 'conversation_id', 'lead_name', 'lead_email', 'lead_company') then 'text'
  end;
begin
  if type is null then
    raise exception 'conversations cannot be sorted by "%"', sort
      using errcode = 'invalid_parameter_value', hint = 'By one of: session_id, organization_id, widget_id, user_id, conversation_id, conversation_start, conversation_end, conversation_duration, total_messages, user_messages, ai_messages, total_tokens, prompt_tokens, completion_tokens, estimated_messages, average_response_time, response_count, has_lead, lead_name, lead_email, lead_company, user_satisfaction, rating_count, created_at, updated_at';
  end if;
  return type;
end; $$;

comment on function metrics.sort_type(text) is 'The type of a column that report_conversations sorts by; an error for any other.';
