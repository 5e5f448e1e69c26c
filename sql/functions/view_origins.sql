-- From the rewrite rule, as PostgreSQL itself keeps it: which column of which table a view's column is.
create or replace function metrics.view_origins(of_view regclass)
returns table (column_name name, relation regclass, origin name)
language sql stable
set search_path = pg_catalog, pg_temp
begin atomic
  select a.attname, found.part[1]::oid::regclass, o.attname
  from pg_rewrite as r
  join pg_attribute as a on a.attrelid = r.ev_class and a.attnum > 0 and not a.attisdropped
  cross join lateral regexp_match(
    r.ev_action::text,
    ':resname ' || a.attname || ' :ressortgroupref \d+ :resorigtbl (\d+) :resorigcol (\d+) :resjunk false'
  ) as found (part)
  join pg_attribute as o on o.attrelid = found.part[1]::oid and o.attnum = found.part[2]::smallint
  join pg_class as c on c.oid = o.attrelid and c.relkind in ('r', 'p')
  where r.ev_class = of_view and r.ev_type = '1';
end;

comment on function metrics.view_origins(regclass) is
  'The columns of a view that are a table''s column as it stands, with that table and column.';
