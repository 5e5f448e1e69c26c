-- For the usual case, a new last row: only an AI message alone answers, and only the row before it.
-- A row that came in between others goes the general way.
create or replace function metrics.answer_open_question(new_row metrics.messages) returns void
-- No search_path of its own: setting one costs a tenth of an INSERT, and the triggers that call it have.
language plpgsql
as $$
begin
  if exists (
    select from metrics.messages as l
    where l.session_key = new_row.session_key
      and (l.created_at, l.conversation_id) > (new_row.created_at, new_row.conversation_id)
  ) then
    perform metrics.add_answers(array[row(
      new_row.session_key, 0, 0, 0, 0, 0, 0, 0, 0, 0, '0', null, null, new_row.created_at, new_row.created_at
    )::metrics.session_delta]);
  elsif new_row.user_messages = 0 and new_row.ai_messages > 0 then
    with question as (
      select l.conversation_id, l.user_messages, l.ai_messages,
        metrics.response_us(nullif(l.created_at, 'infinity'), nullif(new_row.created_at, 'infinity')) as response_us
      from metrics.messages as l
      where l.session_key = new_row.session_key
        and (l.created_at, l.conversation_id) < (new_row.created_at, new_row.conversation_id)
      order by l.created_at desc, l.conversation_id desc
      limit 1
    ),
    answered as (
      update metrics.messages as l
      set response_us = question.response_us
      from question
      where l.conversation_id = question.conversation_id
        and metrics.is_open(question.user_messages, question.ai_messages)
        and question.response_us is not null
      returning l.response_us
    )
    update public.conversation_metrics as m
    set response_count = m.response_count + 1, response_us_sum = m.response_us_sum + answered.response_us
    from answered
    where m.session_key = new_row.session_key;
  end if;
end; $$;

comment on function metrics.answer_open_question(metrics.messages) is
  'Sets the response time of the question that this new row answers, if any. The caller has updated the session''s metrics row, so it is locked.';
