create table metrics.rollup_resets (
  reset_at timestamptz not null default clock_timestamp()
);

comment on table metrics.rollup_resets is
  'A row here makes all rollups out of date: after a TRUNCATE, and wherever nobody can say which. Gone when metrics.roll_up has begun anew.';
