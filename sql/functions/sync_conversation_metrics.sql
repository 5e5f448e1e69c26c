create or replace function public.sync_conversation_metrics(
  conversation_id metrics.messages.conversation_id%type,
  organization_id public.conversation_metrics.organization_id%type,
  session_id public.conversation_metrics.session_id%type
) returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
  key constant uuid := metrics.session_key($2::text, $3::text);
begin
  perform metrics.sync('messages', array(
    select s.conversation_id from metrics.source_messages as s
    where s.session_id = $3 and s.organization_id is not distinct from $2
    union
    select l.conversation_id from metrics.messages as l where l.session_key = key
    union
    select $1 where $1 is not null
  ));
  perform metrics.sync('leads', array(
    select s.lead_id from metrics.source_leads as s
    where s.session_id::text = $3::text and s.organization_id::text is not distinct from $2::text
    union
    select l.lead_id from metrics.leads as l where l.session_key = key
  ));
  perform metrics.sync('feedback', array(
    select c.feedback_id from metrics.counted_feedback as c where c.session_key = key
    union
    select f.feedback_id from metrics.feedback as f where f.session_key = key
  ));
  perform metrics.rebuild_sessions(array[key]);
end; $$;

comment on function public.sync_conversation_metrics(
  metrics.messages.conversation_id%type,
  public.conversation_metrics.organization_id%type,
  public.conversation_metrics.session_id%type
) is
  'Derives one session from its source rows again: by the id of one of its message rows (may be NULL), its organization (NULL for none) and its session id. Changes nothing where all is right.';
