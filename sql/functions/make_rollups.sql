create or replace function metrics.make_rollups(
  span integer,
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
    select distinct metrics.rollup_start(c.starts_at, span) as starts_at, c.organization_id
    from unnest(changed) as c
    -- What comes to its end after from_time is made whole below.
    where metrics.rollup_start(c.starts_at, span) < metrics.rollup_start(from_time, span)
  ),
  removed as (
    delete from metrics.rollups as r
    using remade as c
    where r.minutes = span and r.starts_at = c.starts_at and r.organization_id is not distinct from c.organization_id
  )
  insert into metrics.rollups
  select s.*
  from (
    select c.starts_at, array_agg(coalesce(c.organization_id, '')) as organizations from remade as c group by c.starts_at
  ) as q
  cross join lateral metrics.session_sums(q.starts_at, q.starts_at + make_interval(mins => span), span, q.organizations) as s
  where exists (
    select from remade as c
    where c.starts_at = s.starts_at and c.organization_id is not distinct from s.organization_id
  )
  union all
  select s.*
  from metrics.session_sums(metrics.rollup_start(from_time, span), metrics.rollup_start(to_time, span), span) as s;
end; $$;

comment on function metrics.make_rollups(integer, metrics.rollup_changes[], timestamptz, timestamptz) is
  'Makes the rollups of quarters of an hour, or of hours (span, in minutes), from the sessions: anew where they changed, and those that end after from_time, up to to_time. For metrics.roll_up.';
