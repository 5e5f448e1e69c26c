create or replace function metrics.repair(max_sessions integer default null)
returns setof public.conversation_metrics_drift
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  differences public.conversation_metrics_drift[];
  keys uuid[];
begin
  -- Rows that the mapping fails on, and that nobody has noticed yet.
  perform metrics.sync_all(s.kind) from metrics.sources as s
  where s.is_view and metrics.mapping_error(s.kind) is not null;

  differences := array(
    select d
    from (
      select d, dense_rank() over (order by d.session_key) as session_number
      from public.conversation_metrics_drift as d
    ) as numbered
    where max_sessions is null or session_number <= max_sessions
  );
  keys := array(select distinct (d).session_key from unnest(differences) as d where (d).session_key is not null);

  perform metrics.sync('messages', array(
    select d.conversation_id from metrics.message_drift as d
    where max_sessions is null or d.session_key = any(keys) or d.counted_session_key = any(keys)
  ));
  perform metrics.sync('leads', array(
    select d.lead_id from metrics.lead_drift as d
    where max_sessions is null or d.session_key = any(keys) or d.counted_session_key = any(keys)
  ));
  perform metrics.sync('feedback', array(
    select d.feedback_id from metrics.feedback_drift as d
    where max_sessions is null or d.session_key = any(keys) or d.counted_session_key = any(keys)
  ));
  perform metrics.rebuild_sessions(keys);
  -- Read from the sessions from now on, until they are made anew.
  insert into metrics.rollup_changes (starts_at, organization_id)
  select distinct (d.rollup).starts_at, (d.rollup).organization_id from metrics.rollup_drift() as d;
  return query select * from unnest(differences);
end; $$;

comment on function metrics.repair(integer) is
  'Heals what conversation_metrics_drift finds, in at most max_sessions sessions (NULL: all), and returns what it found there. Rollups that differ are made anew. Blocks no writer but those of the sessions it heals.';
