create or replace function metrics.view_tables(of_view regclass)
returns table (relation regclass, columns name[])
language sql stable
set search_path = pg_catalog, pg_temp
begin atomic
  with recursive views as (
    select of_view::oid as view
    union
    select d.refobjid
    from views
    join pg_rewrite as r on r.ev_class = views.view
    join pg_depend as d on d.classid = 'pg_rewrite'::regclass and d.objid = r.oid
      and d.refclassid = 'pg_class'::regclass and d.refobjid <> views.view
    join pg_class as c on c.oid = d.refobjid and c.relkind = 'v'
  )
  -- A row read as a whole (to_jsonb(m)) is no use of a column in the eyes of pg_depend.
  select c.oid::regclass, case
    when bool_or(r.ev_action::text ~ ':varattno 0 ') or count(a.attname) = 0 then (
      select array_agg(whole.attname order by whole.attnum)
      from pg_attribute as whole
      where whole.attrelid = c.oid and whole.attnum > 0 and not whole.attisdropped
    )
    else array_agg(distinct a.attname) filter (where a.attname is not null)
  end
  from views
  join pg_rewrite as r on r.ev_class = views.view
  join pg_depend as d on d.classid = 'pg_rewrite'::regclass and d.objid = r.oid and d.refclassid = 'pg_class'::regclass
  join pg_class as c on c.oid = d.refobjid and c.relkind in ('r', 'p')
  left join pg_attribute as a on a.attrelid = c.oid and a.attnum = d.refobjsubid and d.refobjsubid > 0
  group by c.oid;
end;

comment on function metrics.view_tables(regclass) is
  'The tables that a view reads, also through other views, with the columns that it uses.';
