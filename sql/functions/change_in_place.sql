-- The usual UPDATE of one row: texts, tokens, model or responded_at change (a streamed answer is
-- filled in), its place in its session does not. Says whether that was all; else nothing is done.
create or replace function metrics.change_in_place(id anyelement) returns boolean
-- No search_path of its own: setting one costs a tenth of an INSERT, and the triggers that call it have.
language plpgsql
as $$
declare
  changed_at constant timestamptz := clock_timestamp();
  new_row metrics.counted_messages;
  old_row metrics.messages;
  before metrics.session_delta;
  after metrics.session_delta;
  started timestamptz;
begin
  select c.* into new_row from metrics.counted_messages as c where c.conversation_id = id;
  -- Asked before the lock, since the general way takes another one first, and once more under it.
  if not metrics.keeps_its_place(new_row) then
    return false;
  end if;
  perform from public.conversation_metrics as m where m.session_key = new_row.session_key for no key update;
  if not found or not metrics.keeps_its_place(new_row) then
    return false;
  end if;

  select l.* into old_row from metrics.messages as l where l.conversation_id = id;
  if (new_row.prompt_source = 'tiktoken' and old_row.prompt_source <> 'tiktoken')
    or (new_row.completion_source = 'tiktoken' and old_row.completion_source <> 'tiktoken')
  then
    -- Its exact count was taken back before the lock was there.
    return false;
  end if;
  before := metrics.message_delta(old_row);
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
  where l.conversation_id = id
  returning l.* into old_row;
  after := metrics.message_delta(old_row);

  update public.conversation_metrics as m
  set
    widget_id = case when m.conversation_id = id then new_row.widget_id else m.widget_id end,
    user_id = case when m.conversation_id = id then new_row.user_id else m.user_id end,
    user_messages = m.user_messages + after.user_messages - before.user_messages,
    ai_messages = m.ai_messages + after.ai_messages - before.ai_messages,
    prompt_tokens = m.prompt_tokens + after.prompt_tokens - before.prompt_tokens,
    completion_tokens = m.completion_tokens + after.completion_tokens - before.completion_tokens,
    estimated_messages = m.estimated_messages + after.estimated_messages - before.estimated_messages,
    conversation_end = greatest(m.conversation_end, new_row.ended_at),
    response_count = m.response_count + after.response_count - before.response_count,
    response_us_sum = m.response_us_sum + after.response_us_sum - before.response_us_sum,
    open_rows = m.open_rows + after.open_rows - before.open_rows,
    longest_lag = greatest(m.longest_lag, after.longest_lag),
    updated_at = case
      when (before.user_messages, before.ai_messages, before.prompt_tokens, before.completion_tokens,
            before.estimated_messages, before.response_count, before.response_us_sum, m.conversation_end)
        is distinct from
        (after.user_messages, after.ai_messages, after.prompt_tokens, after.completion_tokens,
          after.estimated_messages, after.response_count, after.response_us_sum,
          greatest(m.conversation_end, new_row.ended_at))
        or (m.conversation_id = id and (m.widget_id, m.user_id) is distinct from (new_row.widget_id, new_row.user_id))
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

comment on function metrics.change_in_place(anyelement) is
  'Counts the change of one message row that kept its session, its time and its part in the order; false, and nothing done, for any other change.';
