create or replace function metrics.sessions_of_feedback(ids anyarray) returns uuid[]
language plpgsql
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_hashjoin = off
set enable_mergejoin = off
set enable_seqscan = off
set join_collapse_limit = 8
set from_collapse_limit = 8
set jit = off
as $$
begin
  if cardinality(ids) > 128 then
    perform metrics.plan_for_many();
  end if;
  return array(
    select f.session_key
    from unnest(ids) as id
    join metrics.feedback as f on f.feedback_id = id
    where f.session_key is not null
    union
    select c.session_key
    from unnest(ids) as id
    join metrics.counted_feedback as c on c.feedback_id = id
    where c.session_key is not null
  );
end; $$;

comment on function metrics.sessions_of_feedback(anyarray) is
  'The sessions that these feedback rows belong to, by the ledger and by the source.';
