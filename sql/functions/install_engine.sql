create or replace function metrics.install_engine(of_name text, of_schema text, before_tables boolean) returns void
language plpgsql
set search_path = pg_catalog, pg_temp
set client_min_messages = warning
as $$
declare
  object metrics.engine_objects;
begin
  if before_tables then
    execute format(
      'create or replace function %I.source_name() returns text language sql immutable parallel safe return %L',
      of_schema, of_name
    );
    execute format('comment on function %I.source_name() is %L', of_schema,
      'The name of the source whose objects are in this schema.');
  end if;
  for object in
    select * from metrics.engine_objects as o
    where o.before_tables = install_engine.before_tables
    order by o.position
  loop
    execute metrics.localized(object.body, of_schema);
  end loop;
end; $$;

comment on function metrics.install_engine(text, text, boolean) is
  'Creates or replaces the objects of metrics.engine_objects for a source, in its schema: those needed before its tables are made, or the others.';
