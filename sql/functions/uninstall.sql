create or replace function metrics.uninstall() returns void
language plpgsql
set search_path = pg_catalog, pg_temp
-- The schema's list of sixty objects tells nobody anything.
set client_min_messages = warning
as $$
declare
  target record;
begin
  for target in
    select g.tgname as name, g.tgrelid::regclass as relation
    from pg_trigger as g
    join metrics.source_tables as t on t.relation = g.tgrelid
    where g.tgname like '\_500\_metrics\_%'
  loop
    execute format('drop trigger %I on %s', target.name, target.relation);
  end loop;
  -- Without cascade: a view that somebody built on the metrics is theirs, and stops this with its name.
  -- Where there: "drop schema public cascade", say, leaves the rest behind.
  drop function if exists metrics.repair(integer), metrics.sample_drift(integer);
  drop view if exists public.conversation_metrics_drift;
  drop table if exists public.conversation_metrics;
  for target in
    select p.oid::regprocedure as signature from pg_proc as p
    where p.pronamespace = 'public'::regnamespace and p.proname = 'sync_conversation_metrics'
  loop
    execute format('drop function %s', target.signature);
  end loop;
  -- Last, since it takes this function along.
  drop schema metrics cascade;
end; $$;

comment on function metrics.uninstall() is
  'Removes all that is ours but graphile_worker: triggers, conversation_metrics, the drift view, the schema metrics. The application''s tables and rows stay as they were.';
