-- What the trigger of an INSERT, which makes the usual new session itself, leaves: a session that has
-- leads or feedback, lies in the archive, had rows before, or was begun by another transaction.
create or replace function metrics.add_first_row(new_row metrics.messages) returns void
-- No search_path of its own: setting one costs a tenth of an INSERT, and the triggers that call it have.
language plpgsql
as $$
declare
  entered uuid[];
begin
  entered := metrics.enter_sessions(array[new_row.session_key]);
  perform metrics.apply_deltas(metrics.pair_answers(array[metrics.message_delta(new_row)]), entered);
end; $$;

comment on function metrics.add_first_row(metrics.messages) is
  'Adds a new ledger row to the metrics of a session that had no metrics row when it was looked for.';
