-- In key order, so that two statements over the same sessions cannot deadlock.
create or replace function metrics.lock_sessions(keys uuid[]) returns uuid[]
language plpgsql
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_hashjoin = off
set enable_mergejoin = off
set enable_seqscan = off
as $$
begin
  return (
    select coalesce(array_agg(locked.session_key), '{}')
    from (
      select m.session_key
      from (select distinct key from unnest(keys) as key) as wanted
      join public.conversation_metrics as m on m.session_key = wanted.key
      order by m.session_key
      for no key update of m
    ) as locked
  );
end; $$;

comment on function metrics.lock_sessions(uuid[]) is
  'Locks the metrics rows of these sessions in key order and returns the keys that have one.';
