create or replace function metrics.revoke_reader(from_role name) returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  target record;
begin
  if to_regrole(quote_ident(from_role)) is null then
    raise exception 'there is no role named %', quote_ident(from_role)
      using errcode = 'undefined_object', hint = 'Who reads what: npx conversation-metrics readers';
  end if;
  delete from metrics.readers as r where r.role = quote_ident(from_role)::regrole;
  execute format('revoke all on public.all_conversation_metrics from %I', from_role);
  for target in
    select r.oid::regprocedure as signature from metrics.report_functions() as r
  loop
    execute format('revoke all on function %s from %I', target.signature, from_role);
  end loop;
  for target in
    select 'metrics' as ledger, null as home
    union
    select a.schema_name, case a.name when 'default' then 'public' else a.schema_name end from metrics.attachments as a
  loop
    execute format('revoke all on all tables in schema %I from %I', target.ledger, from_role);
    execute format('revoke all on all functions in schema %I from %I', target.ledger, from_role);
    execute format('revoke all on schema %I from %I', target.ledger, from_role);
    if target.home is not null then
      execute format('revoke all on %1$I.conversation_metrics, %1$I.conversation_metrics_archive, %1$I.conversation_metrics_drift from %2$I',
        target.home, from_role);
    end if;
  end loop;
end; $$;

comment on function metrics.revoke_reader(name) is
  'Takes from a role all that it may read of ours, also what was granted by hand.';
