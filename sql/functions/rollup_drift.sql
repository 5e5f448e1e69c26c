create or replace function metrics.rollup_drift(
  from_time timestamptz default '-infinity',
  to_time timestamptz default 'infinity'
) returns table (side text, rollup metrics.rollups)
language sql stable
set search_path = pg_catalog, pg_temp
set jit = off
as $$
  with built as (
    select
      span.minutes,
      metrics.rollup_start(
        greatest(from_time, metrics.first_rollup()) + make_interval(mins => span.minutes) - interval '1 microsecond', span.minutes
      ) as from_time,
      metrics.rollup_start(least(to_time, s.built_to), span.minutes) as to_time
    from metrics.rollup_state as s
    cross join unnest('{15, 60, 1440}'::integer[]) as span (minutes)
    where not exists (select from metrics.rollup_resets)
  ),
  from_sessions as materialized (
    select m as rollup
    from built
    cross join lateral metrics.session_sums(built.from_time, built.to_time, built.minutes) as m
    where built.minutes < 1440
  ),
  days as (
    select array_agg(h.rollup) as hours
    from from_sessions as h
    join built on built.minutes = 1440
    where (h.rollup).minutes = 60 and (h.rollup).starts_at >= built.from_time and (h.rollup).starts_at < built.to_time
    group by metrics.rollup_start((h.rollup).starts_at, 1440), (h.rollup).organization_id, (h.rollup).widget_id,
      (h.rollup).all_widgets
  ),
  meant as materialized (
    select (s.rollup).* from from_sessions as s
    union all
    select d.* from days cross join lateral metrics.sum_rollups(1440, days.hours) as d
  ),
  kept as materialized (
    select r.*
    from built
    join metrics.rollups as r on r.minutes = built.minutes and r.starts_at >= built.from_time and r.starts_at < built.to_time
  ),
  changed as materialized (
    select distinct built.minutes, metrics.rollup_start(c.starts_at, built.minutes) as starts_at, c.organization_id
    from built
    cross join metrics.rollup_changes as c
  ),
  different as (
    select 'meant' as side, row(m.*)::metrics.rollups as rollup from (table meant except all table kept) as m
    union all
    select 'kept', row(k.*)::metrics.rollups from (table kept except all table meant) as k
  )
  select d.side, d.rollup
  from different as d
  where not exists (
    select from changed as c
    where c.minutes = (d.rollup).minutes and c.starts_at = (d.rollup).starts_at
      and c.organization_id is not distinct from (d.rollup).organization_id
  )
$$;

comment on function metrics.rollup_drift(timestamptz, timestamptz) is
  'Rollups that are not what the sessions add up to (kept), and what they should be (meant), of those that metrics.rollup_changes does not name. No rows: the reports are right.';
