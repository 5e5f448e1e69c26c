-- A row that can be seen and was written by a transaction under way: by this one, or a savepoint of it,
-- whose id is one of the next after its own. Not by age(), which counts from the id that would have been
-- next when it was first asked; nor is pg_xact_status asked of an id to come, which is an error: a row
-- frozen for long may have such a number.
create or replace function metrics.is_own(written_by xid) returns boolean
-- No search_path of its own: it is asked of each row, and who calls it has one.
language plpgsql strict
as $$
declare
  own constant bigint := pg_current_xact_id()::text::bigint;
  after_own constant bigint := mod(written_by::text::bigint - mod(own, 4294967296) + 4294967296, 4294967296);
begin
  if after_own > 65535 then
    return false;
  end if;
  return own + after_own >= pg_snapshot_xmax(pg_current_snapshot())::text::bigint
    or pg_xact_status((own + after_own)::text::xid8) = 'in progress';
end; $$;

comment on function metrics.is_own(xid) is
  'Whether the transaction that asks has written this version of a visible row, given its xmin; NULL for no row.';
