create or replace function metrics.map_views(
  messages regclass,
  leads regclass,
  feedback regclass,
  keys jsonb,
  parents jsonb
) returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  mapped record;
  old_function regprocedure;
  known_parents constant jsonb := (
    select coalesce(jsonb_object_agg(p.key::regclass::text, p.value), '{}') from jsonb_each(parents) as p
  );
begin
  perform metrics.drop_triggers();
  for old_function in
    select p.oid from pg_proc as p
    where p.pronamespace = (select c.relnamespace from pg_class as c where c.oid = 'metrics.sources'::regclass)
      and p.proname ~ '^tg_parent__'
  loop
    execute format('drop function %s', old_function);
  end loop;
  delete from metrics.parents;
  for mapped in
    select * from (values ('messages', messages), ('leads', leads), ('feedback', feedback)) as m (kind, of_view)
  loop
    if mapped.of_view is null then
      perform metrics.install_empty_mapping(mapped.kind);
    else
      perform metrics.install_view_mapping(mapped.kind, mapped.of_view, keys -> mapped.kind, known_parents);
    end if;
  end loop;
end; $$;

comment on function metrics.map_views(regclass, regclass, regclass, jsonb, jsonb) is
  'Takes the mapping of a source from views; see metrics.attach.';
