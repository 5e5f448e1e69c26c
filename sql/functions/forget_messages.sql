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
  truncate metrics.messages;
  if exists (select from pg_constraint where confrelid = 'public.conversation_metrics'::regclass) then
    -- TRUNCATE would refuse, and with it the application's own; what the foreign keys say happens.
    perform metrics.require_current_snapshot();
    delete from public.conversation_metrics;
  else
    truncate public.conversation_metrics;
  end if;
  -- Feedback that named its message row belongs to no session now.
  update metrics.feedback as f set session_key = null where f.conversation_id is not null;
  insert into metrics.messages (conversation_id, has_feedback)
  select distinct f.conversation_id, true from metrics.feedback as f where f.conversation_id is not null;
end; $$;

comment on function metrics.forget_messages() is
  'Empties ledger and metrics after the message source was truncated; does nothing while it has rows, in other partitions say.';
