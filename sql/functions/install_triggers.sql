-- On every table of a partitioned one: a write that names a partition fires that partition's own
-- statement triggers, and a write that names the parent fires the parent's.
create or replace function metrics.install_triggers(of_kind text, trigger_function text) returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  target regclass;
  event record;
begin
  for target in select t.relation from metrics.source_tables as t where t.kind = of_kind
  loop
    for event in
      select * from (values
        ('insert', 'referencing new table as inserted'),
        ('update', 'referencing old table as deleted new table as inserted'),
        ('delete', 'referencing old table as deleted'),
        ('truncate', '')
      ) as events (name, transition_tables)
    loop
      execute format(
        'create or replace trigger %I after %s on %s %s for each statement execute function %s',
        metrics.trigger_name(of_kind, event.name), event.name, target, event.transition_tables, format(trigger_function, event.name)
      );
    end loop;
  end loop;
end; $$;

comment on function metrics.install_triggers(text, text) is
  'Creates the four statement triggers on a source table and on its partitions. trigger_function is called as written, %s in it being the event (insert, update, delete, truncate).';
