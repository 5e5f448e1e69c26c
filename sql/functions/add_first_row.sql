-- Usually a new session: the row's own values make its metrics row. A row before a session's first,
-- or a session whose ledger or metrics hold more than they should, goes the general way.
create or replace function metrics.add_first_row(new_row metrics.messages) returns void
-- No search_path of its own: setting one costs a tenth of an INSERT, and the triggers that call it have.
language plpgsql
as $$
declare
  changed_at constant timestamptz := clock_timestamp();
  brings_extras boolean;
  was_archived boolean;
  entered uuid[];
  deltas metrics.session_delta[];
begin
  -- A row before the first of a session that there is: its metrics row is lock enough. The trigger's
  -- UPDATE may hold it already, so metrics.sessions must not be waited for now.
  perform from public.conversation_metrics as m where m.session_key = new_row.session_key for no key update;
  if found then
    deltas := array[metrics.message_delta(new_row)];
    if metrics.is_open(new_row.user_messages, new_row.ai_messages) or exists (
      select from public.conversation_metrics as m where m.session_key = new_row.session_key and m.open_rows > 0
    ) then
      deltas := metrics.pair_answers(deltas);
    end if;
    perform metrics.apply_deltas(deltas, array[new_row.session_key]);
    return;
  end if;

  -- As metrics.enter_sessions.
  insert into metrics.sessions as s (session_key)
  values (new_row.session_key)
  on conflict (session_key) do update set has_extras = s.has_extras
  returning s.has_extras, s.is_archived into brings_extras, was_archived;

  insert into public.conversation_metrics (
    session_key, conversation_id, session_id, organization_id, widget_id, user_id,
    user_messages, ai_messages, prompt_tokens, completion_tokens, estimated_messages,
    conversation_start, conversation_end, response_count, response_us_sum,
    message_rows, open_rows, longest_lag, created_at, updated_at
  )
  select
    delta.session_key, source.conversation_id, source.session_id, source.organization_id,
    source.widget_id, source.user_id,
    delta.user_messages, delta.ai_messages, delta.prompt_tokens, delta.completion_tokens,
    delta.estimated_messages, nullif(new_row.created_at, 'infinity'), new_row.ended_at,
    delta.response_count, delta.response_us_sum,
    delta.message_rows, delta.open_rows, delta.longest_lag, changed_at, changed_at
  from metrics.source_messages as source
  cross join metrics.message_delta(new_row) as delta
  where source.conversation_id = new_row.conversation_id
    and not was_archived
    -- An old REPEATABLE READ snapshot can show, beside this row, one of the same id in another session
    -- that was deleted since.
    and metrics.session_key(source.organization_id::text, source.session_id::text) = new_row.session_key
    and not exists (
      select from public.conversation_metrics as m
      where m.session_key = new_row.session_key
    )
    and not exists (
      select from public.conversation_metrics as m
      where m.conversation_id = new_row.conversation_id
    )
    and not exists (
      select from metrics.messages as l
      where l.session_key = new_row.session_key and l.conversation_id <> new_row.conversation_id
    );

  if found then
    if new_row.created_at < changed_at - metrics.rollup_delay() then
      perform metrics.mark_rollup(new_row.session_key);
    end if;
    if brings_extras then
      perform metrics.apply_extras(array[new_row.session_key]);
    end if;
    return;
  end if;

  -- In the archive, made by another transaction while this one waited, or more in the ledger than there should be.
  entered := metrics.enter_sessions(array[new_row.session_key]);
  perform metrics.apply_deltas(metrics.pair_answers(array[metrics.message_delta(new_row)]), entered);
end; $$;

comment on function metrics.add_first_row(metrics.messages) is
  'Adds a new ledger row to the metrics where it makes its session or comes before all its rows.';
