create table metrics.parent_changes (
  change_id bigint generated always as identity constraint parent_changes_pkey primary key,
  parent_id integer not null constraint parent_changes_parent_id_fkey references metrics.parents on delete cascade,
  parent jsonb not null,
  changed_by xid8 not null default pg_current_xact_id()
);

comment on table metrics.parent_changes is
  'Parents that changed, until metrics.follow_parents has looked at them once more. Neither of two transactions under way sees what the other does: one that changes a parent, and one that adds a row below it.';
comment on column metrics.parent_changes.parent is 'The columns that the mapping uses, as they are now.';
comment on column metrics.parent_changes.changed_by is 'The transaction that changed it.';
