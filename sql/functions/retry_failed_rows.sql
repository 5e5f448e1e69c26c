create or replace function metrics.retry_failed_rows() returns integer
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  waiting record;
  failed integer;
  still_failing integer := 0;
begin
  for waiting in
    select f.kind, array_agg(f.row_id) as ids from metrics.failed_rows as f group by f.kind
  loop
    execute format(
      'select metrics.sync_each($1, $2::%s[])',
      metrics.column_type(('metrics.source_' || waiting.kind)::regclass, metrics.id_column(waiting.kind))
    )
    into failed using waiting.kind, waiting.ids;
    still_failing := still_failing + failed;
  end loop;
  return still_failing;
end; $$;

comment on function metrics.retry_failed_rows() is
  'Counts the rows of metrics.failed_rows whose mapping works now; returns how many still fail.';
