create or replace function metrics.unarchive(
  organization text default null,
  no_organization boolean default false,
  from_time timestamptz default null,
  to_time timestamptz default null,
  max_sessions integer default null
) returns integer
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  keys uuid[];
begin
  -- As in metrics.archive_sessions.
  lock table metrics.sessions in row exclusive mode;
  keys := array(
    select a.session_key
    from public.conversation_metrics_archive as a
    where (unarchive.organization is null or a.organization_id::text = unarchive.organization)
      and (not no_organization or a.organization_id is null)
      and (from_time is null or a.conversation_start >= from_time)
      and (to_time is null or a.conversation_start < to_time)
    order by a.conversation_start desc
    limit max_sessions
  );
  keys := array(
    select locked.session_key
    from (
      select s.session_key from metrics.sessions as s where s.session_key = any(keys) order by s.session_key for update
    ) as locked
  );
  return metrics.restore_sessions(keys);
end; $$;

comment on function metrics.unarchive(text, boolean, timestamptz, timestamptz, integer) is
  'Brings archived sessions back to conversation_metrics, the newest first, and returns how many: of an organization, of those without one, or of all; by conversation_start, from_time counting and to_time not. What a rule calls old goes there again, so change the rule before.';
