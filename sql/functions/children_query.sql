-- Along foreign keys: from the parent to the table, directly or by one table between.
create or replace function metrics.children_query(of_table regclass, row_key text, of_parent regclass) returns text
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
  children text;
begin
  with keys as (
    select
      c.conrelid, c.confrelid,
      string_agg(format('%%1$s.%I = %%2$s.%I', child.attname, parent.attname), ' and ' order by k.n) as condition
    from pg_constraint as c
    cross join lateral unnest(c.conkey, c.confkey) with ordinality as k (child, parent, n)
    join pg_attribute as child on child.attrelid = c.conrelid and child.attnum = k.child
    join pg_attribute as parent on parent.attrelid = c.confrelid and parent.attnum = k.parent
    where c.contype = 'f'
    group by c.oid, c.conrelid, c.confrelid
  ),
  paths as (
    select 1 as steps, format('join %s as source on %s', of_table, format(k.condition, 'source', 'changed')) as joins
    from keys as k
    where k.conrelid = of_table and k.confrelid = of_parent
    union all
    select 2, format(
      'join %s as middle on %s join %s as source on %s',
      upper_key.conrelid::regclass, format(upper_key.condition, 'middle', 'changed'),
      of_table, format(lower_key.condition, 'source', 'middle')
    )
    from keys as upper_key
    join keys as lower_key on lower_key.confrelid = upper_key.conrelid
    where upper_key.confrelid = of_parent and lower_key.conrelid = of_table
  )
  select case when count(*) > 0 then
    format('select %s from changed %s', row_key, string_agg(joins, format(' union select %s from changed ', row_key)))
  end
  into children
  from paths
  where steps = (select min(steps) from paths);
  return children;
end; $$;

comment on function metrics.children_query(regclass, text, regclass) is
  'The query of the ids of a table''s rows that hang on the rows of a parent named changed, by foreign keys; NULL where none lead there.';
