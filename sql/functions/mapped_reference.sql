-- Of the type and collation of the message rows' id, so that the join needs no cast and both sort alike.
-- A value that this type does not hold names no row; it must not fail the application's write.
create or replace function metrics.mapped_reference(of_table regclass, column_name text) returns text
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
  numbers constant regtype[] := array['smallint', 'integer', 'bigint', 'numeric'];
  texts constant regtype[] := array['text', 'varchar', 'bpchar'];
  target_type constant regtype := (
    select a.atttypid from pg_attribute as a
    where a.attrelid = 'metrics.source_messages'::regclass and a.attname = 'conversation_id'
  );
  -- Without a length: a cast to a length cuts a text off, and names another row.
  target constant text := format_type(target_type, -1);
  own_type constant regtype := (
    select metrics.base_type(a.atttypid) from pg_attribute as a
    where a.attrelid = of_table and a.attname = column_name and not a.attisdropped
  );
  source text := 'null';
begin
  if own_type is not null then
    source := (regexp_match(metrics.mapped_column(of_table, column_name, 'row', 'id'), '^(.*) as id$'))[1];
    source := case
      when own_type = target_type or target_type = any(texts) then source
      when own_type = any(numbers) and target_type = any(numbers) then
        format('case when %1$s between %2$s and %3$s then %1$s end', source,
          case target when 'smallint' then '-32768' when 'integer' then '-2147483648'
            when 'bigint' then '-9223372036854775808' else '''-Infinity''' end,
          case target when 'smallint' then '32767' when 'integer' then '2147483647'
            when 'bigint' then '9223372036854775807' else '''NaN''' end)
      when own_type = any(texts) and target_type = 'uuid'::regtype then
        format('case when %1$s ~ ''^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$'' then %1$s end', source)
      when own_type = any(texts) and target_type = any(numbers) then
        format('case when %1$s ~ ''^[0-9]{1,%2$s}$'' then %1$s end', source,
          case target when 'smallint' then 4 when 'integer' then 9 else 18 end)
    end;
  end if;
  if source is null then
    raise exception 'table % cannot be adopted: its column % has type %, the id of conversations has type %',
        of_table, column_name, own_type, target
      using errcode = 'datatype_mismatch',
        hint = format('Change the column to %s, or rename it so that it is not taken for a reference.', target);
  end if;
  return format('(%s)::%s', source, target)
    || coalesce(substring(metrics.column_definition('metrics.source_messages', 'conversation_id') from ' collate .*$'), '')
    || ' as ' || quote_ident(column_name);
end; $$;

comment on function metrics.mapped_reference(regclass, text) is
  'The expression by which a default mapping reads a column that names a message row; a typed NULL where the column is missing.';
