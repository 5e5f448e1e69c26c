-- From the rewrite rule, as PostgreSQL itself keeps it: which column of which table a view's column is.
create or replace function metrics.view_origins(of_view regclass)
returns table (column_name name, relation regclass, origin name)
language sql stable
set search_path = pg_catalog, pg_temp
begin atomic
  with recursive origins as (
    select a.attname as column_name, of_view::oid as relation, a.attname as origin
    from pg_attribute as a
    where a.attrelid = of_view and a.attnum > 0 and not a.attisdropped
    union all
    -- A view over a view.
    select seen.column_name, found.part[1]::oid, o.attname
    from origins as seen
    join pg_rewrite as r on r.ev_class = seen.relation and r.ev_type = '1'
    cross join lateral regexp_match(
      r.ev_action::text,
      ':resname ' || seen.origin || ' :ressortgroupref \d+ :resorigtbl (\d+) :resorigcol (\d+) :resjunk false'
    ) as found (part)
    join pg_attribute as o on o.attrelid = found.part[1]::oid and o.attnum = found.part[2]::smallint
  )
  select origins.column_name, origins.relation::regclass, origins.origin
  from origins
  join pg_class as c on c.oid = origins.relation and c.relkind in ('r', 'p');
end;

comment on function metrics.view_origins(regclass) is
  'The columns of a view that are a table''s column as it stands, with that table and column.';
