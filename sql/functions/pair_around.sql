create or replace function metrics.pair_around(new_row metrics.messages) returns void
-- No search_path of its own: setting one costs a tenth of an INSERT, and the triggers that call it have.
language sql
begin atomic
  select metrics.add_answers(array[row(
    new_row.session_key, 0, 0, 0, 0, 0, 0, 0, 0, 0, '0', null, null, new_row.created_at, new_row.created_at
  )::metrics.session_delta]);
end;

comment on function metrics.pair_around(metrics.messages) is
  'Finds anew what the questions around a new ledger row, which came in between others, are answered by. The caller has updated the session''s metrics row, so it is locked.';
