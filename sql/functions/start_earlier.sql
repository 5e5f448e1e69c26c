-- The session's metrics row is locked, which is lock enough: metrics.sessions must not be waited for now.
create or replace function metrics.start_earlier(new_row metrics.messages) returns void
-- No search_path of its own: setting one costs a tenth of an INSERT, and the triggers that call it have.
language plpgsql
as $$
declare
  deltas metrics.session_delta[] := array[metrics.stretch(new_row.session_key, new_row.created_at, new_row.created_at)];
begin
  if exists (
    select from public.conversation_metrics as m where m.session_key = new_row.session_key and m.open_rows > 0
  ) then
    deltas := metrics.pair_answers(deltas);
  end if;
  perform metrics.apply_deltas(deltas, array[new_row.session_key]);
end; $$;

comment on function metrics.start_earlier(metrics.messages) is
  'Makes a new ledger row the first of its session, in whose sums the caller has counted it already.';
