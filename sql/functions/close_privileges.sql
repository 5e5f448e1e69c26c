-- Default privileges (some hosts grant everything in public to the application's roles) must not
-- open what only the triggers may write, or show lead data to whom nobody granted it.
create or replace function metrics.close_privileges(of_schema text) returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
  perform metrics.close_tables(array(
    select c.oid::regclass
    from pg_class as c
    join pg_namespace as n on n.oid = c.relnamespace
    where c.relkind in ('r', 'v', 'S', 'm', 'p')
      and (
        n.nspname = of_schema
        or (
          of_schema = 'metrics' and n.nspname = 'public'
          and c.relname in (
            'conversation_metrics', 'conversation_metrics_archive', 'conversation_metrics_drift', 'all_conversation_metrics'
          )
        )
      )
  ));
  perform metrics.close_functions(array(
    select p.oid::regprocedure
    from pg_proc as p
    join pg_namespace as n on n.oid = p.pronamespace
    where n.nspname = of_schema
      or (of_schema = 'metrics' and n.nspname = 'public' and p.proname = 'sync_conversation_metrics')
  ));
  execute format('revoke all on schema %I from public', of_schema);
end; $$;

comment on function metrics.close_privileges(text) is
  'Takes from everyone but the owner all rights on a source''s tables, views and functions. Grant select on conversation_metrics to those who may read it afterwards.';
