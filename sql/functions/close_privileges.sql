-- Default privileges (some hosts grant everything in public to the application's roles) must not
-- open what only the triggers may write, or show lead data to whom nobody granted it.
create or replace function metrics.close_privileges(of_schema text) returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  object record;
begin
  for object in
    select distinct
      case when c.relkind = 'S' then 'sequence' else 'table' end as kind,
      c.oid::regclass::text as name,
      grantee.name as grantee
    from pg_class as c
    join pg_namespace as n on n.oid = c.relnamespace
    cross join lateral aclexplode(c.relacl) as acl
    cross join lateral (
      select case when acl.grantee = 0 then 'public' else quote_ident(pg_get_userbyid(acl.grantee)) end as name
    ) as grantee
    where acl.grantee <> c.relowner
      and c.relkind in ('r', 'v', 'S', 'm', 'p')
      and (
        n.nspname = of_schema
        or (
          of_schema = 'metrics' and n.nspname = 'public'
          and c.relname in ('conversation_metrics', 'conversation_metrics_drift', 'all_conversation_metrics')
        )
      )
  loop
    execute format('revoke all on %s %s from %s', object.kind, object.name, object.grantee);
  end loop;

  for object in
    select distinct p.oid::regprocedure::text as name, grantee.name as grantee
    from pg_proc as p
    join pg_namespace as n on n.oid = p.pronamespace
    cross join lateral aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) as acl
    cross join lateral (
      select case when acl.grantee = 0 then 'public' else quote_ident(pg_get_userbyid(acl.grantee)) end as name
    ) as grantee
    where acl.grantee <> p.proowner
      and (
        n.nspname = of_schema
        or (of_schema = 'metrics' and n.nspname = 'public' and p.proname = 'sync_conversation_metrics')
      )
  loop
    execute format('revoke all on function %s from %s', object.name, object.grantee);
  end loop;

  execute format('revoke all on schema %I from public', of_schema);
end; $$;

comment on function metrics.close_privileges(text) is
  'Takes from everyone but the owner all rights on a source''s tables, views and functions. Grant select on conversation_metrics to those who may read it afterwards.';
