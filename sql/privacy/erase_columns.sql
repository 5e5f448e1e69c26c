create or replace function metrics.erase_columns(of_table regclass, names name[], condition text, dry_run boolean) returns bigint
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  assignments constant text := (
    select string_agg(format('%I = %s', a.attname, metrics.erased_value(of_table, a.attname)), ', ')
    from pg_attribute as a
    where a.attrelid = of_table and a.attname = any(names) and not a.attisdropped and a.attgenerated = ''
  );
  number bigint := 0;
begin
  if assignments is null then
    return 0;
  elsif dry_run then
    execute format('select count(*) from %s where %s', of_table, condition) into number;
  else
    execute format('update %s set %s where %s', of_table, assignments, condition);
    get diagnostics number = row_count;
  end if;
  return number;
end; $$;

comment on function metrics.erase_columns(regclass, name[], text, boolean) is
  'Empties those of these columns that the application''s table has, in the rows of a condition; returns how many rows. The triggers follow.';
