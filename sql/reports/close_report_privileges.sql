-- As metrics.close_privileges does for what every installation had before; rights that somebody gave on that stay.
create or replace function metrics.close_report_privileges() returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  object record;
begin
  for object in
    select distinct p.oid::regprocedure::text as name,
      case when acl.grantee = 0 then 'public' else quote_ident(pg_get_userbyid(acl.grantee)) end as grantee
    from metrics.report_functions() as r
    join pg_proc as p on p.oid = r.oid
    cross join lateral aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) as acl
    where acl.grantee <> p.proowner
  loop
    execute format('revoke all on function %s from %s', object.name, object.grantee);
  end loop;
  for object in
    select distinct case when acl.grantee = 0 then 'public' else quote_ident(pg_get_userbyid(acl.grantee)) end as grantee
    from pg_class as c
    cross join lateral aclexplode(c.relacl) as acl
    where c.oid = 'metrics.model_prices'::regclass and acl.grantee <> c.relowner
  loop
    execute format('revoke all on metrics.model_prices from %s', object.grantee);
  end loop;
end; $$;

comment on function metrics.close_report_privileges() is
  'Takes from everyone but the owner all rights on the reports and the prices; metrics.grant_reports gives them.';
