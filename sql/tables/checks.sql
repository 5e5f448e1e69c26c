create table metrics.checks (
  check_id bigint generated always as identity constraint checks_pkey primary key,
  checked_at timestamptz not null default clock_timestamp(),
  sessions integer not null,
  drifted integer not null,
  healed integer not null,
  up_to uuid,
  details jsonb not null default '[]'
);

comment on table metrics.checks is 'What the worker''s own checks found and healed; kept for 30 days.';
comment on column metrics.checks.sessions is 'How many sessions were compared with their source rows.';
comment on column metrics.checks.drifted is 'How many of them differed.';
comment on column metrics.checks.healed is 'How many of those were right afterwards.';
comment on column metrics.checks.up_to is 'Each check takes the sessions after this key of the one before, so that all have their turn; NULL: start again.';
comment on column metrics.checks.details is 'For up to 20 sessions that differed: organization and session id, and what differed. Never a text.';
