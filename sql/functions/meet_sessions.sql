-- The side of leads and feedback of metrics.open_sessions. In this order (metrics rows, then
-- sessions, each in key order) both sides agree, so they cannot deadlock; the last step catches a
-- metrics row that was committed while this transaction waited for its session.
create or replace function metrics.meet_sessions(keys uuid[]) returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
  perform metrics.lock_sessions(keys);
  insert into metrics.sessions as s (session_key, has_extras)
  select distinct key, true from unnest(keys) as key order by key
  on conflict (session_key) do update set has_extras = true;
  perform metrics.lock_sessions(keys);
end; $$;

comment on function metrics.meet_sessions(uuid[]) is
  'Locks sessions for a lead or a feedback row, those without a metrics row included.';
