create or replace function metrics.worker_gone(worker text) returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  source record;
  ids text[];
begin
  select w.graphile_ids into ids from metrics.workers as w where w.worker = worker_gone.worker for update;
  -- What it could not finish, for want of a connection, would stay locked for hours.
  if cardinality(ids) > 0 then
    perform graphile_worker.force_unlock_workers(ids);
  end if;
  update metrics.workers as w set stopped_at = clock_timestamp(), graphile_ids = '{}'
  where w.worker = worker_gone.worker;
  for source in select a.schema_name from metrics.attachments as a loop
    execute format('delete from %I.token_batches as b where b.worker = $1', source.schema_name) using worker;
  end loop;
end; $$;

comment on function metrics.worker_gone(text) is 'Says that a worker process ends in good order, and gives back what it had begun.';
