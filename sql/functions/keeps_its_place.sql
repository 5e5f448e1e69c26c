-- Asked of a row as it is counted and as it should be. Not strict: what is unknown keeps nothing.
create or replace function metrics.keeps_its_place(old_row metrics.messages, new_row metrics.counted_messages) returns boolean
language sql immutable parallel safe
return old_row.session_key = new_row.session_key
  and old_row.created_at = new_row.created_at
  -- Does not end earlier, so it is the session's end as before or later.
  and (old_row.ended_at <= new_row.ended_at or (old_row.ended_at is null and new_row.ended_at is null))
  -- Loses no text, whose numbers may be kept (metrics.keep_numbers).
  and old_row.user_messages <= new_row.user_messages
  and old_row.ai_messages <= new_row.ai_messages
  -- Is the answer to the row before it, or not, as before.
  and (old_row.user_messages = 0 and old_row.ai_messages > 0) = (new_row.user_messages = 0 and new_row.ai_messages > 0)
  -- Waits for no answer from the row after it.
  and not metrics.is_open(new_row.user_messages, new_row.ai_messages);

comment on function metrics.keeps_its_place(metrics.messages, metrics.counted_messages) is
  'Whether a changed row keeps its session, its time, its texts and its part in pairing answers, and ends no earlier.';
