create or replace function metrics.uninstall() returns void
language plpgsql
set search_path = pg_catalog, pg_temp
-- The schema's list of sixty objects tells nobody anything.
set client_min_messages = warning
as $$
declare
  target record;
  has_default boolean;
begin
  perform metrics.detach(a.name) from metrics.attachments as a where a.name <> 'default';
  has_default := exists (select from metrics.attachments as a where a.name = 'default');
  if has_default then
    perform metrics.drop_triggers();
  end if;
  if to_regprocedure('metrics.drop_reports()') is not null then
    perform metrics.drop_reports();
  end if;
  drop view if exists public.all_conversation_metrics;
  -- Without cascade: a view that somebody built on the metrics is theirs, and stops this with its name.
  -- Where there: "drop schema public cascade", say, leaves the rest behind.
  -- And only where they are ours: without a source named default, a conversation_metrics is the application's.
  if has_default then
    perform metrics.unsecure_source('metrics');
    drop function if exists metrics.repair(integer);
    drop function if exists metrics.sample_drift(integer);
    drop view if exists public.conversation_metrics_drift;
    drop function if exists metrics.session_sums(timestamptz, timestamptz, integer, text[]);
    drop view if exists metrics.session_metrics;
    drop table if exists public.conversation_metrics_archive;
    drop table if exists public.conversation_metrics;
    for target in
      select p.oid::regprocedure as signature from pg_proc as p
      where p.pronamespace = 'public'::regnamespace and p.proname = 'sync_conversation_metrics'
    loop
      execute format('drop function %s', target.signature);
    end loop;
  end if;
  -- Last, since it takes this function along.
  drop schema metrics cascade;
end; $$;

comment on function metrics.uninstall() is
  'Removes all that is ours but graphile_worker: triggers, conversation_metrics, the drift view, the reports, the schema metrics. The application''s tables and rows stay as they were.';
