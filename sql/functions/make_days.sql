-- From the hours: a day of many organizations has too many sessions to be read for one that changed.
create or replace function metrics.make_days(
  changed metrics.rollup_changes[],
  from_time timestamptz,
  to_time timestamptz
) returns void
language plpgsql
set search_path = pg_catalog, pg_temp
set jit = off
set plan_cache_mode = force_custom_plan
as $$
begin
  with remade as materialized (
    select distinct metrics.rollup_start(c.starts_at, 1440) as starts_at, c.organization_id
    from unnest(changed) as c
    -- What comes to its end after from_time is made whole below.
    where metrics.rollup_start(c.starts_at, 1440) < metrics.rollup_start(from_time, 1440)
  ),
  removed as (
    delete from metrics.rollups as r
    using remade as c
    where r.minutes = 1440 and r.starts_at = c.starts_at and r.organization_id is not distinct from c.organization_id
  ),
  hours as (
    select row(o.*)::metrics.rollups as hour
    from remade as c
    -- So that each is looked up by index.
    cross join (values (true), (false)) as w (all_widgets)
    cross join lateral (
      select r.*
      from metrics.rollups as r
      where hashtextextended(coalesce(r.organization_id, ''), 0) = hashtextextended(coalesce(c.organization_id, ''), 0)
        and r.organization_id is not distinct from c.organization_id
        and r.minutes = 60 and r.all_widgets = w.all_widgets
        and r.starts_at >= c.starts_at and r.starts_at < c.starts_at + interval '24 hours'
      offset 0
    ) as o
    union all
    select r
    from metrics.rollups as r
    where r.minutes = 60
      and r.starts_at >= metrics.rollup_start(from_time, 1440) and r.starts_at < metrics.rollup_start(to_time, 1440)
  )
  insert into metrics.rollups
  select d.*
  from (
    select array_agg(h.hour) as hours
    from hours as h
    group by metrics.rollup_start((h.hour).starts_at, 1440), (h.hour).organization_id, (h.hour).widget_id, (h.hour).all_widgets
  ) as g
  cross join lateral metrics.sum_rollups(1440, g.hours) as d;
end; $$;

comment on function metrics.make_days(metrics.rollup_changes[], timestamptz, timestamptz) is
  'Makes the rollups of days from those of their hours: anew where they changed, and those that end after from_time, up to to_time. For metrics.roll_up, which nobody else writes beside.';
