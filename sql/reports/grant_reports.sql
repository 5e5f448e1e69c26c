create or replace function metrics.grant_reports(to_role name) returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  target record;
begin
  execute format('grant usage on schema metrics to %I', to_role);
  execute format('grant select on public.all_conversation_metrics, metrics.attachments, metrics.model_prices to %I', to_role);
  for target in
    select r.oid::regprocedure as signature from metrics.report_functions() as r where r.is_for_readers
  loop
    execute format('grant execute on function %s to %I', target.signature, to_role);
  end loop;
  for target in
    select a.schema_name as ledger from metrics.attachments as a
  loop
    execute format('grant usage on schema %I to %I', target.ledger, to_role);
    execute format('grant select on %1$I.messages, %1$I.feedback to %2$I', target.ledger, to_role);
    execute format('grant select (session_key, email) on %I.leads to %I', target.ledger, to_role);
    -- Of the messages themselves which model they were sent to, and no text.
    execute format('grant select (conversation_id, model) on %I.source_messages to %I', target.ledger, to_role);
  end loop;
end; $$;

comment on function metrics.grant_reports(name) is
  'Lets a role run the reports over all sources and all organizations, and read nothing else: no text of a message. Again after attaching another source.';
