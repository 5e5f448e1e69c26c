create or replace function metrics.api_reader() returns name
language sql stable
set search_path = pg_catalog, pg_temp
begin atomic
  select p.rolname
  from metrics.readers as r
  join pg_roles as p on p.oid = r.role
  where r.scope = 'setting' and r.reads = 'texts' and r.source is null and not p.rolcanlogin
    -- One that reads more than the transaction names would be no guard.
    and not p.rolsuper and not p.rolbypassrls
    and not exists (
      select from metrics.readers as other where other.scope <> 'setting' and pg_has_role(p.oid, other.role, 'usage')
    )
    and pg_has_role(p.oid, case when current_setting('server_version_num')::integer >= 160000 then 'set' else 'member' end)
  order by p.rolname
  limit 1;
end;

comment on function metrics.api_reader() is
  'The role that metrics.confine takes: one that reads by setting and texts, cannot log in, reads nothing else, and that the role that asks may become. All such are alike, so the first by name.';
