create or replace function metrics.require_current_snapshot() returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  first_unseen constant xid8 := pg_snapshot_xmax(pg_current_snapshot());
  own constant xid8 := pg_current_xact_id();
  is_current boolean := false;
begin
  if current_setting('transaction_isolation') in ('read committed', 'read uncommitted') then
    return;
  end if;
  -- Nobody was under way at the snapshot, and nobody has begun since.
  if own = first_unseen and pg_snapshot_xmin(pg_current_snapshot()) = first_unseen then
    begin
      -- Tells of the next transaction only where there is one.
      perform pg_xact_status((own::text::numeric + 1)::text::xid8);
    exception when invalid_parameter_value then
      is_current := true;
    end;
  end if;
  if not is_current then
    raise exception 'could not serialize access: rows may have been written since this transaction began'
      using errcode = 'serialization_failure',
        hint = 'Make TRUNCATE the first statement of its transaction, or use READ COMMITTED.';
  end if;
end; $$;

comment on function metrics.require_current_snapshot() is
  'Raises 40001 in a REPEATABLE READ or SERIALIZABLE transaction whose snapshot does not show what another one under way, or begun since, may have written: TRUNCATE removes also rows that such a snapshot does not show.';
