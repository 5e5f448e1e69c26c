create or replace function metrics.keep_numbers(keeps boolean default true) returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
  update metrics.settings as s set keeps_numbers = keeps where s.keeps_numbers <> keeps;
  if found and not keeps then
    -- They count for what they hold, and that is nothing.
    perform metrics.sync('messages', array(select d.conversation_id from metrics.message_drift as d));
  end if;
end; $$;

comment on function metrics.keep_numbers(boolean) is
  'From now on a message whose text is emptied (NULL or '''') stays a message with the tokens that it was counted for, so that texts can be deleted for privacy; a row that is deleted takes its numbers along all the same. false: such a message counts no longer, nor do those that were emptied before.';
