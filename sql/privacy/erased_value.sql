create or replace function metrics.erased_value(of_table regclass, of_column name) returns text
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
  attribute pg_attribute;
  type constant regtype := (
    select metrics.base_type(a.atttypid) from pg_attribute as a where a.attrelid = of_table and a.attname = of_column
  );
begin
  select a.* into strict attribute from pg_attribute as a where a.attrelid = of_table and a.attname = of_column;
  if not attribute.attnotnull and not exists (select from pg_type as t where t.oid = attribute.atttypid and t.typnotnull) then
    return 'null';
  elsif type in ('json'::regtype, 'jsonb'::regtype) then
    return quote_literal('{}');
  elsif type in ('text'::regtype, 'varchar'::regtype, 'bpchar'::regtype) or type::text = 'citext' then
    -- Each its own, where an address is unique; and one that can be no address of anybody's.
    return format(
      case of_column when 'email' then 'left(''erased-'' || id::text || ''@erased.invalid'', %s)' else 'left(''erased'', %s)' end,
      case when attribute.atttypmod > 4 then attribute.atttypmod - 4 else 1000 end
    );
  end if;
  raise exception 'column % of table % cannot be emptied: it is not null, and no text', quote_ident(of_column), of_table
    using errcode = 'not_null_violation', hint = format('alter table %s alter column %I drop not null', of_table, of_column);
end; $$;

comment on function metrics.erased_value(regclass, name) is
  'The expression that takes the place of what is erased in a column: NULL, where the table allows it.';
