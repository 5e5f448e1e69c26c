create or replace function metrics.mapping_error(of_kind text) returns text
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
  execute format('select count(s::text) from metrics.source_%s as s', of_kind);
  return null;
exception when others then
  if sqlstate like '40%' or sqlstate like '57%' then
    raise;
  end if;
  return case when sqlstate like '22%' then regexp_replace(sqlerrm, '"[^"]*("|$)', '"…"', 'g') else sqlerrm end;
end; $$;

comment on function metrics.mapping_error(text) is
  'The error that reading all rows of a kind ends with; NULL where they can be read.';
