create or replace function metrics.worker_beat(worker text, graphile_ids text[]) returns integer
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  dead text[];
  source record;
  released integer := 0;
  gone integer;
begin
  insert into metrics.workers as w (worker, graphile_ids)
  values (worker_beat.worker, worker_beat.graphile_ids)
  on conflict on constraint workers_pkey do update set
    graphile_ids = excluded.graphile_ids, seen_at = clock_timestamp(), stopped_at = null;

  -- Without this the jobs of a killed process would stay locked for hours.
  dead := array(
    select id from metrics.workers as w cross join lateral unnest(w.graphile_ids) as id
    where w.seen_at < clock_timestamp() - interval '10 seconds'
  );
  if cardinality(dead) > 0 then
    perform graphile_worker.force_unlock_workers(dead);
  end if;

  for source in select a.schema_name from metrics.attachments as a loop
    execute format(
      $sql$
      delete from %I.token_batches as b
      where exists (
          select from metrics.workers as w
          where w.worker = b.worker
            and (w.seen_at < clock_timestamp() - interval '10 seconds' or w.stopped_at > b.read_at)
        )
        -- A job that was lost, or failed for good.
        or coalesce(b.read_at, b.made_at) < clock_timestamp() - interval '5 minutes'
      $sql$,
      source.schema_name
    );
    get diagnostics gone = row_count;
    released := released + gone;
  end loop;
  update metrics.workers as w set graphile_ids = '{}'
  where w.seen_at < clock_timestamp() - interval '10 seconds' and cardinality(w.graphile_ids) > 0;
  return released;
end; $$;

comment on function metrics.worker_beat(text, text[]) is
  'The heartbeat of a worker process with its ids as a graphile-worker. Takes over from processes not seen for 10 seconds: their rows are counted anew, their jobs unlocked. Returns how many batches were released.';
