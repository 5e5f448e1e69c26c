-- Without a length, which limits what the source takes: a reference to no row may be longer.
create or replace function metrics.column_definition(of_table regclass, column_name text) returns text
language sql stable
begin atomic
  select
    format_type(a.atttypid, -1)
    || case when c.oid is null then '' else format(' collate %I.%I', n.nspname, c.collname) end
  from pg_attribute as a
  join pg_type as t on t.oid = a.atttypid
  left join pg_collation as c on c.oid = a.attcollation and a.attcollation <> t.typcollation
  left join pg_namespace as n on n.oid = c.collnamespace
  where a.attrelid = of_table and a.attname = column_name and a.attnum > 0 and not a.attisdropped;
end;

comment on function metrics.column_definition(regclass, text) is
  'Type of a table''s column without its length, and its collation where that is not the type''s own: for a column of ours that must sort and compare as that one does.';
