-- The usual UPDATE of one row: texts, tokens, model or responded_at change (a streamed answer is
-- filled in), its place in its session does not. A side that did not change stays what the ledger
-- says, an exact count too. Says whether that was all; else nothing is done.
create or replace function metrics.change_in_place(
  new_row metrics.counted_messages,
  prompt_changed boolean,
  completion_changed boolean
) returns boolean
-- No search_path of its own: setting one costs a tenth of an INSERT, and the triggers that call it have.
language plpgsql
as $$
declare
  changed_at constant timestamptz := clock_timestamp();
  old_row metrics.messages;
  counts_change boolean;
  started timestamptz;
begin
  -- Asked before the lock, since the general way takes another one first, and once more under it.
  select l.* into old_row from metrics.messages as l where l.conversation_id = new_row.conversation_id;
  if metrics.keeps_its_place(old_row, new_row) is not true then
    return false;
  end if;
  perform from public.conversation_metrics as m where m.session_key = new_row.session_key for no key update;
  if not found then
    return false;
  end if;
  select l.* into old_row from metrics.messages as l where l.conversation_id = new_row.conversation_id;
  if metrics.keeps_its_place(old_row, new_row) is not true
    -- Its exact count was taken back before the lock was there.
    or (prompt_changed and new_row.prompt_source = 'tiktoken' and old_row.prompt_source <> 'tiktoken')
    or (completion_changed and new_row.completion_source = 'tiktoken' and old_row.completion_source <> 'tiktoken')
  then
    return false;
  end if;
  if not prompt_changed then
    new_row.prompt_tokens := old_row.prompt_tokens;
    new_row.prompt_source := old_row.prompt_source;
  end if;
  if not completion_changed then
    new_row.completion_tokens := old_row.completion_tokens;
    new_row.completion_source := old_row.completion_source;
  end if;
  counts_change := (
    old_row.user_messages, old_row.ai_messages, old_row.prompt_tokens, old_row.completion_tokens,
    old_row.prompt_source, old_row.completion_source, old_row.response_us
  ) is distinct from (
    new_row.user_messages, new_row.ai_messages, new_row.prompt_tokens, new_row.completion_tokens,
    new_row.prompt_source, new_row.completion_source, new_row.response_us
  );

  update metrics.messages as l
  set
    ended_at = new_row.ended_at,
    user_messages = new_row.user_messages,
    ai_messages = new_row.ai_messages,
    prompt_tokens = new_row.prompt_tokens,
    completion_tokens = new_row.completion_tokens,
    prompt_source = new_row.prompt_source,
    completion_source = new_row.completion_source,
    counted_at = case
      when 'estimate' in (new_row.prompt_source, new_row.completion_source) then now() else l.counted_at
    end,
    response_us = new_row.response_us
  where l.conversation_id = new_row.conversation_id;

  update public.conversation_metrics as m
  set
    widget_id = case when m.conversation_id = new_row.conversation_id then new_row.widget_id else m.widget_id end,
    user_id = case when m.conversation_id = new_row.conversation_id then new_row.user_id else m.user_id end,
    user_messages = m.user_messages + new_row.user_messages - old_row.user_messages,
    ai_messages = m.ai_messages + new_row.ai_messages - old_row.ai_messages,
    prompt_tokens = m.prompt_tokens + new_row.prompt_tokens - old_row.prompt_tokens,
    completion_tokens = m.completion_tokens + new_row.completion_tokens - old_row.completion_tokens,
    estimated_messages = m.estimated_messages
      + metrics.estimated_messages(
        new_row.user_messages, new_row.prompt_source, new_row.ai_messages, new_row.completion_source)
      - metrics.estimated_messages(
        old_row.user_messages, old_row.prompt_source, old_row.ai_messages, old_row.completion_source),
    conversation_end = greatest(m.conversation_end, new_row.ended_at),
    response_count = m.response_count + num_nonnulls(new_row.response_us) - num_nonnulls(old_row.response_us),
    response_us_sum = m.response_us_sum + coalesce(new_row.response_us, 0) - coalesce(old_row.response_us, 0),
    open_rows = m.open_rows - case when metrics.is_open(old_row.user_messages, old_row.ai_messages) then 1 else 0 end,
    longest_lag = greatest(m.longest_lag, metrics.row_lag(new_row.created_at, new_row.ended_at)),
    updated_at = case
      when counts_change or m.conversation_end is distinct from greatest(m.conversation_end, new_row.ended_at)
        or (
          m.conversation_id = new_row.conversation_id
          and (m.widget_id, m.user_id) is distinct from (new_row.widget_id, new_row.user_id)
        )
      then changed_at
      else m.updated_at
    end
  where m.session_key = new_row.session_key
  returning m.conversation_start into started;
  if started < changed_at - metrics.rollup_delay() then
    perform metrics.mark_rollup(new_row.session_key);
  end if;
  return true;
end; $$;

comment on function metrics.change_in_place(metrics.counted_messages, boolean, boolean) is
  'Counts the change of one message row that kept its session, its time and its part in the order, by which of its sides changed; false, and nothing done, for any other change.';
