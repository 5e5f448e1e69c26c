-- The one order of locks: the sessions' rows in metrics.sessions, then their metrics rows, each in
-- key order. The first also locks a session that has no metrics row yet, so that a first message
-- and a lead, or two first messages, meet. Always an update, even to the same value: only that
-- makes a REPEATABLE READ transaction with an older snapshot fail with 40001 instead of missing it.
-- Not of a session whose metrics row this transaction has written: whoever has the first of its locks
-- then waits for the second, and to ask for the first would be a deadlock.
create or replace function metrics.enter_sessions(keys uuid[]) returns uuid[]
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
declare
  archived uuid[];
begin
  if cardinality(keys) > 128 then
    perform metrics.plan_for_many();
  end if;
  with entered as (
    insert into metrics.sessions as s (session_key)
    select wanted.key
    from (select distinct key from unnest(keys) as key) as wanted
    left join public.conversation_metrics as m on m.session_key = wanted.key
    where metrics.is_own(m.xmin) is not true
    order by wanted.key
    on conflict (session_key) do update set is_known = true
    returning s.session_key, s.is_archived
  )
  select array_agg(entered.session_key) into archived from entered where entered.is_archived;
  if archived is not null then
    perform metrics.restore_sessions(archived);
  end if;

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

comment on function metrics.enter_sessions(uuid[]) is
  'Locks these sessions until the end of the transaction, with or without a metrics row, brings their metrics rows back from the archive, and returns the keys of those that have one.';
