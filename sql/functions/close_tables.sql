create or replace function metrics.close_tables(tables regclass[]) returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  object record;
begin
  for object in
    select distinct case when c.relkind = 'S' then 'sequence' else 'table' end as kind, c.oid::regclass as name,
      case when acl.grantee = 0 then 'public' else quote_ident(pg_get_userbyid(acl.grantee)) end as grantee
    from pg_class as c
    cross join lateral aclexplode(c.relacl) as acl
    where c.oid = any(tables::oid[]) and acl.grantee <> c.relowner
  loop
    execute format('revoke all on %s %s from %s', object.kind, object.name, object.grantee);
  end loop;
end; $$;

comment on function metrics.close_tables(regclass[]) is
  'Takes from everyone but their owner all rights on these tables, views and sequences.';
