create or replace function metrics.apply_leads(ids anyarray) returns void
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
  pending ids%type := ids;
  keys uuid[];
begin
  if cardinality(ids) > 128 then
    perform metrics.plan_for_many();
  end if;
  loop
    keys := metrics.sessions_of_leads(pending);
    perform metrics.enter_sessions(keys);

    with wanted as materialized (
      -- As in metrics.apply_messages.
      select distinct id
      from unnest(pending) as id
      left join metrics.leads as l on l.lead_id = id
      left join metrics.counted_leads as c on c.lead_id = id
      where (l.session_key is null or l.session_key = any(keys))
        and (c.session_key is null or c.session_key = any(keys))
    ),
    old as materialized (
      select l.* from wanted join metrics.leads as l on l.lead_id = wanted.id
    ),
    new as materialized (
      select c.* from wanted join metrics.counted_leads as c on c.lead_id = wanted.id
    ),
    gone as (
      delete from metrics.leads as l
      using old
      where l.lead_id = old.lead_id
        and not exists (select from new where new.lead_id = old.lead_id)
    ),
    changed as (
      update metrics.leads as l
      set
        session_key = new.session_key,
        created_at = new.created_at,
        name = new.name,
        email = new.email,
        company = new.company
      from new
      where l.lead_id = new.lead_id
        and (l.session_key, l.created_at, l.name, l.email, l.company)
          is distinct from (new.session_key, new.created_at, new.name, new.email, new.company)
    ),
    -- Also an empty row for one that is gone before the ledger knew it.
    added as (
      insert into metrics.leads (lead_id, session_key, created_at, name, email, company)
      select wanted.id, new.session_key, new.created_at, new.name, new.email, new.company
      from wanted
      left join new on new.lead_id = wanted.id
      where not exists (select from old where old.lead_id = wanted.id)
      on conflict (lead_id) do nothing
      returning lead_id
    )
    select array_agg(id)
    into pending
    from unnest(pending) as id
    where not exists (select from old where old.lead_id = id)
      and not exists (select from added where added.lead_id = id);

    perform metrics.apply_extras(keys);
    exit when pending is null;
  end loop;
end; $$;

comment on function metrics.apply_leads(anyarray) is
  'Brings the ledger and the metrics up to date with lead rows (ids, also of rows that are gone). Idempotent.';
