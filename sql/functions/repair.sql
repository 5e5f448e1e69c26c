create or replace function metrics.repair(max_sessions integer default null)
returns setof public.conversation_metrics_drift
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  found public.conversation_metrics_drift[];
  keys uuid[];
begin
  found := array(
    select d from public.conversation_metrics_drift as d
    where max_sessions is null or d.session_key in (
      select distinct session_key from public.conversation_metrics_drift order by session_key limit max_sessions
    )
  );
  keys := array(select distinct (d).session_key from unnest(found) as d where (d).session_key is not null);

  -- Every row of these sessions, also one that the ledger still has in another session.
  perform metrics.sync_messages(array(
    select conversation_id from metrics.message_drift
    where max_sessions is null or session_key = any(keys) or session_key is null
  ));
  perform metrics.sync_leads(array(
    select lead_id from metrics.lead_drift
    where max_sessions is null or session_key = any(keys) or session_key is null
  ));
  perform metrics.sync_feedback(array(
    select feedback_id from metrics.feedback_drift
    where max_sessions is null or session_key = any(keys) or session_key is null
  ));
  perform metrics.rebuild_sessions(keys);
  return query select * from unnest(found);
end; $$;

comment on function metrics.repair(integer) is
  'Heals what conversation_metrics_drift finds, in at most max_sessions sessions (NULL: all), and returns what it found there. Blocks no writer but those of the sessions it heals.';
