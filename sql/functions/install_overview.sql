create or replace function metrics.install_overview() returns void
language plpgsql
set search_path = pg_catalog, pg_temp
set client_min_messages = warning
as $$
declare
  query text;
begin
  select string_agg(format(
    $sql$
    select
      %L::text as source, m.session_key, m.conversation_id::text as conversation_id, m.session_id::text as session_id,
      m.organization_id::text as organization_id, m.widget_id::text as widget_id, m.user_id::text as user_id,
      m.total_messages, m.user_messages, m.ai_messages, m.total_tokens, m.prompt_tokens, m.completion_tokens,
      m.estimated_messages, m.conversation_start, m.conversation_end, m.conversation_duration,
      m.average_response_time, m.response_count, m.response_us_sum,
      m.has_lead, m.lead_name, m.lead_email, m.lead_company,
      m.user_satisfaction, m.rating_count, m.rating_sum, m.created_at, m.updated_at
    from %I.session_metrics as m
    $sql$,
    a.name, a.schema_name
  ), ' union all ' order by a.name <> 'default', a.name)
  into query
  from metrics.attachments as a;
  -- With the rights of whoever asks: the policies of each source hold for a reader, not for us.
  execute 'create or replace view public.all_conversation_metrics with (security_invoker = true) as ' || coalesce(query, $none$
    select
      null::text as source, null::uuid as session_key, null::text as conversation_id, null::text as session_id,
      null::text as organization_id, null::text as widget_id, null::text as user_id,
      null::integer as total_messages, null::integer as user_messages, null::integer as ai_messages,
      null::bigint as total_tokens, null::bigint as prompt_tokens, null::bigint as completion_tokens,
      null::integer as estimated_messages, null::timestamptz as conversation_start,
      null::timestamptz as conversation_end, null::double precision as conversation_duration,
      null::double precision as average_response_time, null::integer as response_count,
      null::numeric as response_us_sum, null::boolean as has_lead, null::text as lead_name,
      null::text as lead_email, null::text as lead_company, null::double precision as user_satisfaction,
      null::integer as rating_count, null::numeric as rating_sum, null::timestamptz as created_at,
      null::timestamptz as updated_at
    where false
  $none$);
  comment on view public.all_conversation_metrics is
    'conversation_metrics of all sources, with the source''s name; ids as text.';
end; $$;

comment on function metrics.install_overview() is
  'Makes the view public.all_conversation_metrics over the sources that there are.';
