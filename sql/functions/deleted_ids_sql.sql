-- A view may join a row's parents, which go first where a DELETE cascades: it shows nothing then.
create or replace function metrics.deleted_ids_sql(source metrics.sources) returns text
language sql stable
set search_path = pg_catalog, pg_temp
return case
  when source.is_view then format('select %s from deleted as source', source.row_key)
  else format('select source.%I from (%s) as source', metrics.id_column(source.kind), format(source.mapping, 'deleted'))
end;

comment on function metrics.deleted_ids_sql(metrics.sources) is
  'The query by which the trigger of a DELETE finds the ids of the rows that are gone.';
