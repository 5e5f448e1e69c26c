create table metrics.workers (
  worker text constraint workers_pkey primary key,
  graphile_ids text[] not null,
  started_at timestamptz not null default clock_timestamp(),
  seen_at timestamptz not null default clock_timestamp(),
  stopped_at timestamptz
);

comment on table metrics.workers is 'One row for each worker process of the last days.';
comment on column metrics.workers.worker is 'Name of the process: host, process id and a random part.';
comment on column metrics.workers.graphile_ids is 'Its ids as a graphile-worker: what its jobs are locked by.';
comment on column metrics.workers.seen_at is 'Its last heartbeat; alive is who was seen within 10 seconds and did not stop.';
comment on column metrics.workers.stopped_at is 'When it ended in good order; NULL while it runs, and for one that was killed.';
