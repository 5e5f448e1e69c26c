create or replace function metrics.current_readers() returns name[]
language sql stable
set search_path = pg_catalog, pg_temp
begin atomic
  select array(
    select distinct p.rolname
    from metrics.readers as r
    join pg_roles as p on p.oid = r.role
    -- From whom somebody has taken it by hand does not get it back.
    where r.reads <> 'rows' and has_table_privilege(p.oid, 'public.all_conversation_metrics', 'select')
  );
end;

comment on function metrics.current_readers() is
  'The roles that have the rights of readers.';
