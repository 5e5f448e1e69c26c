-- When all transactions have ended that were under way at the change: what they added is seen then, and
-- whatever began later has seen the parent as it is.
create or replace function metrics.follow_parents() returns integer
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  seen record;
  followed integer := 0;
begin
  for seen in
    with settled as (
      delete from metrics.parent_changes as c
      where c.changed_by < pg_snapshot_xmin(pg_current_snapshot())
      returning c.parent_id, c.parent
    )
    select p.kind, p.relation, p.children, jsonb_agg(settled.parent) as parents, count(*)::integer as number
    from settled
    join metrics.parents as p on p.parent_id = settled.parent_id
    group by p.parent_id
  loop
    execute format(
      'with changed as (select * from jsonb_populate_recordset(null::%s, $1)) '
      'select metrics.sync_carefully(%L, array(%s))',
      seen.relation, seen.kind, seen.children
    ) using seen.parents;
    followed := followed + seen.number;
  end loop;
  return followed;
end; $$;

comment on function metrics.follow_parents() is
  'Brings the rows up to date that were added below a parent while it changed; part of the worker''s check. Returns how many changes it looked at.';
