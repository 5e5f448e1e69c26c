create or replace function metrics.sessions_of_messages(ids anyarray) returns uuid[]
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
    select l.session_key
    from unnest(ids) as id
    join metrics.messages as l on l.conversation_id = id
    where l.session_key is not null
    union
    select c.session_key
    from unnest(ids) as id
    join metrics.counted_messages as c on c.conversation_id = id
  );
end; $$;

comment on function metrics.sessions_of_messages(anyarray) is
  'The sessions that these message rows belong to, by the ledger and by the source.';
