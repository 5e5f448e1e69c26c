create or replace function metrics.add_first_row(new_row metrics.messages) returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  deltas metrics.session_delta[] := array[metrics.message_delta(new_row)];
  entered constant uuid[] := metrics.enter_sessions(array[new_row.session_key]);
begin
  if metrics.is_open(new_row.user_messages, new_row.ai_messages) or exists (
    select from public.conversation_metrics as m where m.session_key = new_row.session_key and m.open_rows > 0
  ) then
    deltas := metrics.pair_answers(deltas);
  end if;
  perform metrics.apply_deltas(deltas, entered);
end; $$;

comment on function metrics.add_first_row(metrics.messages) is
  'Adds a new ledger row to the metrics where it makes its session or comes before all its rows.';
