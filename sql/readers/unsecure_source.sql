create or replace function metrics.unsecure_source(of_schema name) returns void
language plpgsql
set search_path = pg_catalog, pg_temp
set client_min_messages = warning
as $$
declare
  target regclass;
begin
  execute format('drop view if exists %I.readable_messages', of_schema);
  for target in
    select c.oid
    from pg_policy as p
    join pg_class as c on c.oid = p.polrelid
    where p.polname = 'readers' and c.relnamespace = quote_ident(of_schema)::regnamespace
  loop
    execute format('drop policy readers on %s', target);
  end loop;
end; $$;

comment on function metrics.unsecure_source(name) is
  'Takes away what hangs on conversation_metrics, which is about to be dropped without cascade.';
