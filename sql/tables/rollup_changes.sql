-- No key and no index: nothing in it may make a write wait or fail.
create table metrics.rollup_changes (
  starts_at timestamptz not null,
  organization_id text
);

comment on table metrics.rollup_changes is
  'Which rollups a change made out of date: a quarter of an hour and an organization, as often as it changed. Written with the change, in its transaction; reports read these sessions themselves until metrics.roll_up has made the rollup anew.';
comment on column metrics.rollup_changes.starts_at is 'As metrics.rollups.starts_at.';
comment on column metrics.rollup_changes.organization_id is 'As metrics.rollups.organization_id.';
