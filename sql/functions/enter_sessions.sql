-- The one order of locks: session by session, in key order, its metrics row and then its row in
-- metrics.sessions. The second also locks a session that has no metrics row yet, so that a first message
-- and a lead, or two first messages, meet; the first comes first since a transaction that has written a
-- single message holds just that one. Always an update, even to the same value: only that makes a
-- REPEATABLE READ transaction with an older snapshot fail with 40001 instead of missing it.
create or replace function metrics.enter_sessions(keys uuid[], bring_extras boolean default false) returns uuid[]
language plpgsql
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_hashjoin = off
set enable_mergejoin = off
set enable_seqscan = off
set jit = off
as $$
declare
  archived uuid[];
begin
  if cardinality(keys) > 128 then
    perform metrics.plan_for_many();
  end if;
  with entered as (
    insert into metrics.sessions as s (session_key, has_extras)
    select wanted.key, bring_extras
    from (select distinct key from unnest(keys) as key order by key) as wanted
    left join lateral (
      select from public.conversation_metrics as m where m.session_key = wanted.key for no key update
    ) as locked on true
    order by wanted.key
    on conflict (session_key) do update set has_extras = s.has_extras or excluded.has_extras
    returning s.session_key, s.is_archived
  )
  select array_agg(entered.session_key) into archived from entered where entered.is_archived;
  if archived is not null then
    perform metrics.restore_sessions(archived);
  end if;

  -- Again, for those that were made meanwhile.
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

comment on function metrics.enter_sessions(uuid[], boolean) is
  'Locks these sessions until the end of the transaction, with or without a metrics row, brings their metrics rows back from the archive, and returns the keys of those that have one. bring_extras: for a lead or feedback.';
