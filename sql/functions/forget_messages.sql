-- After a TRUNCATE that left no source row. TRUNCATE sees no snapshot, so neither may this: a DELETE
-- in a REPEATABLE READ transaction would leave what others counted since it began.
create or replace function metrics.forget_messages() returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
  if exists (select from metrics.source_messages) then
    perform metrics.require_current_snapshot();
    return;
  end if;
  -- In the order in which whoever writes a lead or feedback comes by these. It holds a session's lock
  -- when it needs the metrics rows: nobody may be between the two, since the locks of sessions are
  -- needed after this.
  lock table metrics.messages in access exclusive mode;
  lock table metrics.sessions in share row exclusive mode;
  begin
    truncate metrics.messages;
    truncate public.conversation_metrics, public.conversation_metrics_archive;
  exception
    -- A foreign key of somebody else's, a cursor open on the metrics, a unique constraint yet to be
    -- checked: TRUNCATE refuses, and with it the application's own would.
    when feature_not_supported or object_in_use then
      perform metrics.require_current_snapshot();
      delete from metrics.messages;
      delete from public.conversation_metrics;
      delete from public.conversation_metrics_archive;
  end;
  update metrics.sessions as s set is_archived = false where s.is_archived;
  insert into metrics.rollup_resets default values;
  -- Feedback that named its message row belongs to no session now.
  update metrics.feedback as f set session_key = null where f.conversation_id is not null;
  insert into metrics.messages (conversation_id, has_feedback)
  select distinct f.conversation_id, true from metrics.feedback as f where f.conversation_id is not null;
end; $$;

comment on function metrics.forget_messages() is
  'Empties ledger and metrics after the message source was truncated; does nothing while it has rows, in other partitions say.';
