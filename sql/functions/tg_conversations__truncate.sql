create or replace function metrics.tg_conversations__truncate() returns trigger
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  perform metrics.forget_messages();
  -- What a truncated partition held.
  perform metrics.sync('messages', array(
    select l.conversation_id
    from metrics.messages as l
    where l.session_key is not null
      and not exists (select from metrics.source_messages as s where s.conversation_id = l.conversation_id)
  ));
  if exists (select from metrics.failed_rows) then
    perform metrics.retry_failed_rows();
  end if;
  return null;
end; $$;

comment on function metrics.tg_conversations__truncate() is
  'Takes the message rows that a TRUNCATE removed out of ledger and metrics.';
