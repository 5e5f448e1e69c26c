-- Always an update, even to the same values: a concurrent REPEATABLE READ transaction that cannot
-- see this lead or rating then fails with 40001 instead of keeping an older one.
create or replace function metrics.apply_extras(keys uuid[]) returns void
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
  changed_at constant timestamptz := clock_timestamp();
begin
  if cardinality(keys) > 128 then
    perform metrics.plan_for_many();
  end if;
  with changed as (
    update public.conversation_metrics as m
    set
      has_lead = latest.lead_id is not null,
      lead_name = latest.name,
      lead_email = latest.email,
      lead_company = latest.company,
      rating_count = ratings.rating_count,
      rating_sum = ratings.rating_sum,
      updated_at = case
        when (m.has_lead, m.lead_name, m.lead_email, m.lead_company, m.rating_count, m.rating_sum)
          is distinct from
          (latest.lead_id is not null, latest.name, latest.email, latest.company, ratings.rating_count, ratings.rating_sum)
        then changed_at
        else m.updated_at
      end
    from unnest(keys) as wanted(session_key)
    left join lateral (
      select l.lead_id, l.name, l.email, l.company
      from metrics.leads as l
      where l.session_key = wanted.session_key
      order by l.created_at desc, l.lead_id desc
      limit 1
    ) as latest on true
    cross join lateral (
      select count(f.rating)::integer as rating_count, coalesce(sum(f.rating), 0) as rating_sum
      from metrics.feedback as f
      where f.session_key = wanted.session_key
    ) as ratings
    where m.session_key = wanted.session_key
    returning m.conversation_start, m.organization_id
  )
  -- As metrics.mark_rollups.
  insert into metrics.rollup_changes (starts_at, organization_id)
  select distinct metrics.quarter_hour(c.conversation_start), c.organization_id::text
  from changed as c
  where c.conversation_start < changed_at - metrics.rollup_delay();
end; $$;

comment on function metrics.apply_extras(uuid[]) is
  'Derives the lead and satisfaction columns of these sessions from the ledgers metrics.leads and metrics.feedback. The caller holds the locks of their metrics rows.';
