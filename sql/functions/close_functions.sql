-- Default privileges (some hosts grant everything to the application's roles) must not open them.
create or replace function metrics.close_functions(functions regprocedure[]) returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  object record;
begin
  for object in
    select distinct p.oid::regprocedure as signature,
      case when acl.grantee = 0 then 'public' else quote_ident(pg_get_userbyid(acl.grantee)) end as grantee
    from pg_proc as p
    cross join lateral aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) as acl
    where p.oid = any(functions::oid[]) and acl.grantee <> p.proowner
  loop
    execute format('revoke all on function %s from %s', object.signature, object.grantee);
  end loop;
end; $$;

comment on function metrics.close_functions(regprocedure[]) is
  'Takes from everyone but their owner all rights on these functions.';
