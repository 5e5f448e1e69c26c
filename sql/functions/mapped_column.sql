-- One expression of a default mapping: the column where the table has it, else a typed NULL. The
-- triggers run it with the rights of the owner of the metrics. So nothing in it may be defined by the
-- application: a domain is read as what it is made of (its checks are the application's functions),
-- and any other type that is not built in by its output function, never by a cast.
create or replace function metrics.mapped_column(
  of_table regclass,
  column_name text,
  kind text,
  canonical_name text default null
) returns text
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
  attribute pg_attribute;
  type pg_type;
  source text := format('source.%I', column_name);
  as_text text;
  expression text;
begin
  select a.* into attribute
  from pg_attribute as a
  where a.attrelid = of_table and a.attname = column_name and a.attnum > 0 and not a.attisdropped;
  if not found then
    return case kind
      when 'time' then 'null::timestamptz' when 'tokens' then 'null::integer' when 'rating' then 'null::numeric'
      when 'text' then 'null::text' else 'null::bigint'
    end || ' as ' || quote_ident(coalesce(canonical_name, column_name));
  end if;

  perform metrics.check_column(of_table, column_name, kind);
  select t.* into strict type from pg_type as t where t.oid = metrics.base_type(attribute.atttypid);
  if attribute.atttypid <> type.oid then
    source := format('%s::%s', source, format_type(type.oid, -1));
  end if;
  as_text := case
    when type.oid = 'bytea'::regtype then format('encode(%s, ''hex'')', source)
    when type.oid < 16384 then source || '::text'
    else format('textin(%s(%s))',
      (select format('%I.%I', n.nspname, p.proname) from pg_proc as p join pg_namespace as n on n.oid = p.pronamespace
        where p.oid = type.typoutput),
      source)
  end;

  expression := case
    -- Not by a collation of its own, for which USER may be a user.
    when kind = 'text' and type.oid < 16384 and attribute.attcollation not in (0, '"default"'::regcollation) then
      as_text || ' collate "default"'
    when kind = 'text' or kind in ('row', 'key', 'value') and type.oid >= 16384 then as_text
    when kind = 'key' and type.oid = 'bytea'::regtype then as_text
    -- 1 and 1.0 are one organization.
    when kind = 'key' and type.oid = 'numeric'::regtype then format('trim_scale(%s)', source)
    when kind in ('row', 'key', 'value') then source
    -- A time without a zone is taken as UTC: the zone of whoever happens to write is no answer.
    when kind = 'time' and type.oid = 'timestamp'::regtype then source || ' at time zone ''UTC'''
    when kind = 'time' and type.oid = 'date'::regtype then source || '::timestamp at time zone ''UTC'''
    when kind = 'time' then source
    when kind = 'tokens' and type.oid in ('smallint'::regtype, 'integer'::regtype) then
      -- What is negative is unknown.
      format('nullif(greatest(%s, -1), -1)::integer', source)
    when kind = 'tokens' then format('case when %1$s between 0 and 2147483647 then %1$s::integer end', source)
    when kind = 'rating' then format('case when %1$s between 1 and 5 then %1$s::numeric end', source)
  end;
  return expression || ' as ' || quote_ident(coalesce(canonical_name, column_name));
end; $$;

comment on function metrics.mapped_column(regclass, text, text, text) is
  'The expression by which a default mapping reads a column of kind row (an id of rows), key (a part of a session''s key), value, text, time, tokens or rating; a typed NULL where the column is missing.';
