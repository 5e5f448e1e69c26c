-- One expression of a default mapping: the column where the table has it, else a typed NULL.
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
  type constant text := metrics.column_type(of_table, column_name);
  source constant text := format('source.%I', column_name);
  expression text;
begin
  expression := case
    when type is null then
      case kind when 'time' then 'null::timestamptz' when 'tokens' then 'null::integer'
        when 'rating' then 'null::numeric' when 'text' then 'null::text' else 'null::bigint' end
    when kind = 'id' then source
    when kind = 'text' then source || '::text'
    -- A time without a zone is taken as UTC: the zone of whoever happens to write is no answer.
    when kind = 'time' and type like 'timestamp%without time zone' then source || ' at time zone ''UTC'''
    when kind = 'time' and type = 'date' then source || '::timestamp at time zone ''UTC'''
    when kind = 'time' and type like 'timestamp%with time zone' then source
    when kind = 'tokens' and type in ('smallint', 'integer') then
      format('case when %1$s >= 0 then %1$s::integer end', source)
    when kind = 'tokens' and type ~ '^(smallint|integer|bigint|numeric|real|double precision)' then
      format('case when %1$s between 0 and 2147483647 then %1$s::integer end', source)
    when kind = 'rating' and type ~ '^(smallint|integer|bigint|numeric|real|double precision)' then
      format('case when %1$s between 1 and 5 then %1$s::numeric end', source)
  end;
  if expression is null then
    raise exception 'table % cannot be adopted: column % has type %', of_table, column_name, type
      using errcode = 'datatype_mismatch',
        hint = format('Change the column to %s, or rename it so that it is not taken for %s.',
          case kind when 'time' then 'timestamptz' else 'a number' end, column_name);
  end if;
  return expression || ' as ' || quote_ident(coalesce(canonical_name, column_name));
end; $$;

comment on function metrics.mapped_column(regclass, text, text, text) is
  'The expression by which a default mapping reads a column of kind id, text, time, tokens or rating; a typed NULL where the column is missing.';
