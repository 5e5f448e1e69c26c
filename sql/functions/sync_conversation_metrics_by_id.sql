create or replace function public.sync_conversation_metrics(
  conversation_id metrics.messages.conversation_id%type
) returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
  session record;
begin
  -- Brings a moved or deleted row out of the session that the ledger has it in.
  perform metrics.sync('messages', array[$1]);
  select s.organization_id, s.session_id into session
  from metrics.source_messages as s where s.conversation_id = $1;
  if found then
    perform public.sync_conversation_metrics($1, session.organization_id, session.session_id);
  end if;
end; $$;

comment on function public.sync_conversation_metrics(metrics.messages.conversation_id%type) is
  'Derives the session of one message row from its source rows again.';
