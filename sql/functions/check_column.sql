-- Every type taken here has one text for each value that no setting changes, and holds two values for
-- equal only where their texts are: the key of a session is a hash of texts. Where equality is wider
-- (citext, a collation that folds cases), one session would be two; where the text depends on a setting
-- (a float, a time), the session would depend on who writes.
create or replace function metrics.check_column(of_table regclass, column_name text, kind text) returns void
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
  attribute pg_attribute;
  type pg_type;
  name constant text := format('column %I', column_name);
begin
  select a.* into strict attribute
  from pg_attribute as a
  where a.attrelid = of_table and a.attname = column_name and a.attnum > 0 and not a.attisdropped;
  select t.* into strict type from pg_type as t where t.oid = metrics.base_type(attribute.atttypid);

  -- As text, since PostgreSQL has no such columns before 18.
  if attribute.attgenerated::text = 'v' then
    raise exception 'table % cannot be adopted: its % is generated, but not stored, and triggers cannot read it', of_table, name
      using errcode = 'feature_not_supported',
        hint = format('Make it a stored one: alter table %1$s drop column %2$I, add column %2$I %3$s generated always as (…) stored.',
          of_table, column_name, format_type(attribute.atttypid, attribute.atttypmod));
  end if;

  if kind in ('row', 'key') then
    if not (type.typtype = 'e' or type.oid in (
      'smallint'::regtype, 'integer'::regtype, 'bigint'::regtype, 'numeric'::regtype, 'text'::regtype,
      'varchar'::regtype, 'bpchar'::regtype, 'uuid'::regtype, 'bytea'::regtype
    )) then
      raise exception 'table % cannot be adopted: its % has type %, which is not taken for an id', of_table, name,
          format_type(attribute.atttypid, attribute.atttypmod)
        using errcode = 'datatype_mismatch',
          hint = format('An id is a smallint, integer, bigint, numeric, text, varchar, char, uuid, bytea, an enum or a domain over one of them: alter table %s alter column %I type text.',
            of_table, column_name);
    end if;
    if exists (select from pg_collation as c where c.oid = attribute.attcollation and not c.collisdeterministic) then
      raise exception 'table % cannot be adopted: its % has a collation by which different texts are equal', of_table, name
        using errcode = 'collation_mismatch',
          hint = format('Ids are told apart by their text. Give it another one: alter table %s alter column %I type %s collate "default".',
            of_table, column_name, format_type(attribute.atttypid, attribute.atttypmod));
    end if;
  elsif kind = 'value' and type.oid < 16384 then
    begin
      execute format('select from %1$s as source where source.%2$I is distinct from source.%2$I limit 0', of_table, column_name);
    exception when undefined_function then
      raise exception 'table % cannot be adopted: its % has type %, whose values cannot be compared', of_table, name,
          format_type(attribute.atttypid, attribute.atttypmod)
        using errcode = 'datatype_mismatch',
          hint = format('Change the column to text, or rename it so that it is not taken for %s.', column_name);
    end;
  elsif kind in ('time', 'tokens', 'rating') then
    if kind = 'time' and type.oid not in ('timestamptz'::regtype, 'timestamp'::regtype, 'date'::regtype)
      or kind <> 'time' and type.oid not in (
        'smallint'::regtype, 'integer'::regtype, 'bigint'::regtype, 'numeric'::regtype, 'real'::regtype,
        'double precision'::regtype
      )
    then
      raise exception 'table % cannot be adopted: its % has type %', of_table, name,
          format_type(attribute.atttypid, attribute.atttypmod)
        using errcode = 'datatype_mismatch',
          hint = format('Change the column to %s, or rename it so that it is not taken for %s.',
            case kind when 'time' then 'timestamptz' else 'a number' end, column_name);
    end if;
  end if;
end; $$;

comment on function metrics.check_column(regclass, text, text) is
  'Raises an error that names a column which cannot be read as this kind (see metrics.mapped_column), and what to do.';
