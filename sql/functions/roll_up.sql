-- Notes are taken before sessions are read: a change that is not seen then has left one that was not seen
-- either, and stays. What a change that is not noted needs, is that no rollup exists yet:
-- a quarter of an hour is closed in two steps. One announces it, at a time when its sessions have long
-- been old enough for every writer to note what it changes. Once all transactions that were there
-- before have ended, whatever nobody noted can be seen.
create or replace function metrics.roll_up(
  max_sessions integer default 100000,
  out remade integer,
  out built_to timestamptz,
  out is_done boolean
)
language plpgsql
set search_path = pg_catalog, pg_temp
set jit = off
as $$
declare
  max_quarters constant integer := 1000;
  changed metrics.rollup_changes[];
  state metrics.rollup_state;
  next_closing timestamptz;
  chunk_from timestamptz;
  chunk_to timestamptz;
  first_start timestamptz;
  last_start timestamptz;
  sessions bigint;
  quarters bigint;
begin
  remade := 0;
  is_done := true;
  if not pg_try_advisory_xact_lock(hashtextextended('metrics.rollups', 0)) then
    return;
  end if;

  with seen as (
    delete from metrics.rollup_resets returning true
  ),
  emptied as (
    delete from metrics.rollups where exists (select from seen)
  )
  update metrics.rollup_state as s set built_to = '-infinity' where exists (select from seen);

  select s.* into state from metrics.rollup_state as s;
  if state.closing_xid < pg_snapshot_xmin(pg_current_snapshot()) then
    state.closed_to := state.closing_to;
    state.closing_xid := null;
  end if;
  -- By the time at which this transaction began, which was before it got its number. A number ahead of
  -- ours is of the server that a dump was taken from.
  next_closing := metrics.quarter_hour(now() - metrics.rollup_delay() - interval '30 minutes');
  if next_closing > state.closed_to and coalesce(state.closing_xid > pg_current_xact_id(), true) then
    state.closing_to := next_closing;
    state.closing_xid := pg_current_xact_id();
  end if;
  update metrics.rollup_state as s
  set closed_to = state.closed_to, closing_to = state.closing_to, closing_xid = state.closing_xid;

  with taken as (
    delete from metrics.rollup_changes as c
    where c.starts_at in (
        select e.starts_at from metrics.rollup_changes as e
        where e.starts_at >= metrics.first_rollup() and e.starts_at < state.built_to
        group by e.starts_at order by e.starts_at desc limit max_quarters
      )
      -- There is no rollup yet that could be out of date.
      or c.starts_at >= state.built_to
      or c.starts_at < metrics.first_rollup()
    returning c.*
  ),
  outdated as (
    select t.* from taken as t where t.starts_at >= metrics.first_rollup() and t.starts_at < state.built_to
  )
  select
    array(select distinct row(o.starts_at, o.organization_id)::metrics.rollup_changes from outdated as o),
    (select count(distinct o.starts_at) from outdated as o)
  into changed, quarters;
  remade := cardinality(changed);
  chunk_from := greatest(state.built_to, metrics.first_rollup());
  chunk_to := chunk_from;

  if state.built_to < state.closed_to then
    -- As far as so many sessions reach, and over at least one quarter of an hour.
    select min(ahead.conversation_start), max(ahead.conversation_start), count(*)
    into first_start, last_start, sessions
    from (
      select m.conversation_start from metrics.session_metrics as m
      where m.conversation_start >= chunk_from and m.conversation_start < state.closed_to
      order by m.conversation_start
      limit max_sessions
    ) as ahead;
    chunk_to := case
      when sessions < max_sessions then state.closed_to
      else greatest(metrics.quarter_hour(last_start), metrics.quarter_hour(first_start) + interval '15 minutes')
    end;
    update metrics.rollup_state as s set built_to = chunk_to;
    state.built_to := chunk_to;
  end if;
  perform metrics.make_rollups(15, changed, chunk_from, chunk_to);
  perform metrics.make_rollups(60, changed, chunk_from, chunk_to);
  perform metrics.make_days(changed, chunk_from, chunk_to);

  is_done := state.built_to = state.closed_to and quarters < max_quarters;
  built_to := state.built_to;
  if is_done then
    update metrics.rollup_state as s set rolled_up_at = clock_timestamp();
  end if;
end; $$;

comment on function metrics.roll_up(integer) is
  'Brings metrics.rollups up to date: makes anew what rollup_changes names, then goes on where it had come to, over about max_sessions sessions. Returns how many rollups it made anew, up to which conversation_start there are any, and whether nothing is left to do at present. Waits for nobody but a TRUNCATE under way, and no writer for it. The worker calls it every minute; without one, any scheduler may.';
