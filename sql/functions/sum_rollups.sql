-- From the quarters, since an hour or a day of many organizations has too many sessions to be read for one
-- that changed.
create or replace function metrics.sum_rollups(
  changed metrics.rollup_changes[],
  from_time timestamptz,
  to_time timestamptz
) returns void
language sql
set search_path = pg_catalog, pg_temp
set jit = off
as $$
  with spans (minutes) as (
    select unnest('{60, 1440}'::smallint[])
  ),
  remade as materialized (
    select distinct s.minutes, metrics.rollup_start(c.starts_at, s.minutes) as starts_at, c.organization_id
    from unnest(changed) as c
    cross join spans as s
    -- What comes to its end from from_time to to_time only now is made whole.
    where metrics.rollup_start(c.starts_at, s.minutes) < metrics.rollup_start(from_time, s.minutes)
  ),
  removed as (
    delete from metrics.rollups as r
    using remade as c
    where r.minutes = c.minutes and r.starts_at = c.starts_at and r.organization_id is not distinct from c.organization_id
      and hashtextextended(coalesce(r.organization_id, ''), 0) = hashtextextended(coalesce(c.organization_id, ''), 0)
  ),
  parts as (
    select c.starts_at as span_starts_at, c.minutes as span_minutes, o.*
    from remade as c
    -- So that each is looked up by index.
    cross join (values (true), (false)) as w (all_widgets)
    cross join lateral (
      select r.*
      from metrics.rollups as r
      where hashtextextended(coalesce(r.organization_id, ''), 0) = hashtextextended(coalesce(c.organization_id, ''), 0)
        and r.organization_id is not distinct from c.organization_id
        and r.minutes = 15 and r.all_widgets = w.all_widgets
        and r.starts_at >= c.starts_at and r.starts_at < c.starts_at + make_interval(mins => c.minutes)
      offset 0
    ) as o
    union all
    select metrics.rollup_start(o.starts_at, s.minutes), s.minutes, o.*
    from spans as s
    join metrics.rollups as o on o.minutes = 15
      and o.starts_at >= metrics.rollup_start(from_time, s.minutes) and o.starts_at < metrics.rollup_start(to_time, s.minutes)
  )
  insert into metrics.rollups
  select
    p.span_starts_at, p.span_minutes, p.organization_id, p.widget_id, p.all_widgets,
    sum(p.conversations), sum(p.user_messages), sum(p.ai_messages), sum(p.prompt_tokens), sum(p.completion_tokens),
    sum(p.estimated_messages), sum(p.leads), sum(p.rating_count), sum(p.rating_sum), sum(p.response_count),
    sum(p.response_us_sum), sum(p.duration_sum)
  from parts as p
  group by p.span_starts_at, p.span_minutes, p.organization_id, p.widget_id, p.all_widgets
$$;

comment on function metrics.sum_rollups(metrics.rollup_changes[], timestamptz, timestamptz) is
  'Makes the rollups of hours and days from those of their quarters: anew for the quarters that changed, and those that end after from_time, up to to_time. Called by metrics.roll_up, which nobody else writes beside.';
