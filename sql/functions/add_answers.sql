-- Locks are held: the statement before has updated these metrics rows.
create or replace function metrics.add_answers(deltas metrics.session_delta[]) returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
  update public.conversation_metrics as m
  set
    response_count = m.response_count + delta.response_count,
    response_us_sum = m.response_us_sum + delta.response_us_sum
  from unnest(metrics.pair_answers(deltas)) as delta
  where m.session_key = delta.session_key
    and (delta.response_count <> 0 or delta.response_us_sum <> 0);
end; $$;

comment on function metrics.add_answers(metrics.session_delta[]) is
  'Adds to the metrics rows what metrics.pair_answers finds for these stretches.';
