create or replace function metrics.drop_triggers() returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  target record;
begin
  for target in
    select g.tgname as name, g.tgrelid::regclass as relation
    from pg_trigger as g
    join pg_proc as p on p.oid = g.tgfoid
    where p.pronamespace = (select c.relnamespace from pg_class as c where c.oid = 'metrics.sources'::regclass)
      and not g.tgisinternal
  loop
    execute format('drop trigger if exists %I on %s', target.name, target.relation);
  end loop;
end; $$;

comment on function metrics.drop_triggers() is
  'Removes the triggers of a source from the application''s tables.';
