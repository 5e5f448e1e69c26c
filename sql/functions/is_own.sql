-- A row that can be seen and was written by a transaction under way: by this one, or a savepoint of it,
-- whose id is higher. The age, which is counted from this transaction's id, tells nearly all others by itself.
create or replace function metrics.is_own(written_by xid) returns boolean
language sql volatile
return age(written_by) <= 0
  and pg_xact_status((pg_current_xact_id()::text::bigint - age(written_by))::text::xid8) = 'in progress';

comment on function metrics.is_own(xid) is
  'Whether the transaction that asks has written this version of a visible row, given its xmin; NULL for no row.';
