create or replace function metrics.keeps_its_place(new_row metrics.counted_messages) returns boolean
-- No search_path of its own: setting one costs, and the trigger that calls it has.
language plpgsql stable
as $$
begin
  return exists (
    select from metrics.messages as l
    where l.conversation_id = new_row.conversation_id
      and l.session_key = new_row.session_key
      and l.created_at = new_row.created_at
      -- Does not end earlier, so it is the session's end as before or later.
      and (l.ended_at <= new_row.ended_at or (l.ended_at is null and new_row.ended_at is null))
      -- Is the answer to the row before it, or not, as before.
      and (l.user_messages = 0 and l.ai_messages > 0) = (new_row.user_messages = 0 and new_row.ai_messages > 0)
      -- Waits for no answer from the row after it.
      and not metrics.is_open(new_row.user_messages, new_row.ai_messages)
  );
end; $$;

comment on function metrics.keeps_its_place(metrics.counted_messages) is
  'Whether a changed row is in the ledger with the same session, time and part in pairing answers, and ends no earlier.';
