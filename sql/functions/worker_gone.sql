create or replace function metrics.worker_gone(worker text) returns void
language sql
set search_path = pg_catalog, pg_temp
begin atomic
  update metrics.workers as w set stopped_at = clock_timestamp(), graphile_ids = '{}'
  where w.worker = worker_gone.worker;
  delete from metrics.token_batches as b where b.worker = worker_gone.worker;
end;

comment on function metrics.worker_gone(text) is 'Says that a worker process ends in good order, and gives back what it had begun.';
