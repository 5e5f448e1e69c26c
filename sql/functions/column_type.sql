create or replace function metrics.column_type(of_table regclass, column_name text) returns text
language sql stable
begin atomic
  select format_type(a.atttypid, a.atttypmod)
  from pg_attribute as a
  where a.attrelid = of_table and a.attname = column_name and a.attnum > 0 and not a.attisdropped;
end;

comment on function metrics.column_type(regclass, text) is
  'Type of a table''s column as SQL text; NULL where the table has no such column.';
