create table metrics.rollup_state (
  is_only boolean not null default true constraint rollup_state_pkey primary key constraint rollup_state_is_only check (is_only),
  built_to timestamptz not null default '-infinity',
  closed_to timestamptz not null default '-infinity',
  closing_to timestamptz,
  closing_xid xid8,
  rolled_up_at timestamptz
);
insert into metrics.rollup_state default values;

comment on table metrics.rollup_state is 'How far metrics.roll_up has come; one row.';
comment on column metrics.rollup_state.built_to is 'Sessions that began before this are in metrics.rollups, or their rollup is named in metrics.rollup_changes.';
comment on column metrics.rollup_state.closed_to is 'Every change to a session that began before this is noted, or can be seen: how far built_to may go.';
comment on column metrics.rollup_state.closing_to is 'The next closed_to, when all transactions before closing_xid have ended.';
comment on column metrics.rollup_state.closing_xid is 'A transaction that began when sessions before closing_to had long been old enough to be noted.';
comment on column metrics.rollup_state.rolled_up_at is 'When metrics.roll_up last came to its end.';
