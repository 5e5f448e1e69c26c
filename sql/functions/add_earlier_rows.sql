create or replace function metrics.add_earlier_rows(deltas metrics.session_delta[]) returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
  -- Locked already, in order, by the statement that found them.
  perform metrics.apply_deltas(
    metrics.pair_answers(deltas), metrics.enter_sessions(array(select d.session_key from unnest(deltas) as d))
  );
end; $$;

comment on function metrics.add_earlier_rows(metrics.session_delta[]) is
  'Adds to the metrics rows of sessions what metrics.count_new_messages_sql left: new rows before their first one, or of archived sessions.';
