-- Where a mapping fails on a row (a cast of a text that is no number, say), the application's write must
-- not: that row is set aside and counts for nothing, and all others are counted.
create or replace function metrics.sync_each(kind text, ids anyarray) returns integer
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  failed integer := 0;
  reason text;
begin
  for i in 1 .. cardinality(ids) loop
    begin
      -- First, since it hides the row.
      delete from metrics.failed_rows as f where f.kind = sync_each.kind and f.row_id = ids[i]::text;
      perform metrics.sync(kind, ids[i:i]);
    exception when others then
      -- A conflict with another transaction, or an end from outside, is no fault of the mapping.
      if sqlstate like '40%' or sqlstate like '57%' then
        raise;
      end if;
      failed := failed + 1;
      -- What a data exception quotes is somebody's data.
      reason := case when sqlstate like '22%' then regexp_replace(sqlerrm, '"[^"]*("|$)', '"…"', 'g') else sqlerrm end;
      insert into metrics.failed_rows (kind, row_id, error)
      values (sync_each.kind, ids[i]::text, reason)
      on conflict on constraint failed_rows_pkey do update set error = excluded.error, failed_at = excluded.failed_at;
      -- What it counted for before.
      begin
        perform metrics.sync(kind, ids[i:i]);
      exception when data_exception then
        null; -- The view fails in a condition, before the row is left out.
      end;
    end;
  end loop;
  return failed;
end; $$;

comment on function metrics.sync_each(text, anyarray) is
  'As metrics.sync, row by row: a row that its mapping fails on is recorded in metrics.failed_rows instead of raising an error. Returns how many failed.';
