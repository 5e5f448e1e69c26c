create or replace function metrics.detach(name text) returns void
language plpgsql
set search_path = pg_catalog, pg_temp
set client_min_messages = warning
as $$
declare
  target name;
begin
  delete from metrics.attachments as a where a.name = detach.name and a.schema_name <> 'metrics'
  returning a.schema_name into target;
  if not found then
    raise exception 'there is no attached source named %', detach.name
      using errcode = 'undefined_object',
        hint = 'select name from metrics.attachments. The source named default goes with: npx conversation-metrics uninstall.';
  end if;
  execute format('select %I.drop_triggers()', target);
  perform metrics.install_overview();
  perform metrics.unsecure_source(target);
  -- Without cascade: a view that somebody built on the metrics is theirs, and stops this with its name.
  execute format('drop function %1$I.repair(integer), %1$I.sample_drift(integer)', target);
  execute format('drop view %I.conversation_metrics_drift', target);
  execute format('drop function %I.session_sums(timestamptz, timestamptz, integer, text[])', target);
  execute format('drop view %I.session_metrics', target);
  execute format('drop table %I.conversation_metrics_archive', target);
  execute format('drop table %I.conversation_metrics', target);
  execute format('drop schema %I cascade', target);
end; $$;

comment on function metrics.detach(text) is
  'Takes an attached source back: its triggers, ledgers and metrics go, the application''s tables and views stay as they were.';
