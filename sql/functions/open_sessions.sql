-- For sessions whose metrics row was just made: meets the leads and feedback that came before.
-- Both sides write the row in metrics.sessions, so that a first message and a first lead that
-- commit at the same time wait for, or fail, each other instead of missing each other.
create or replace function metrics.open_sessions(keys uuid[]) returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  with_extras uuid[];
begin
  with opened as (
    insert into metrics.sessions as s (session_key)
    select key from unnest(keys) as key order by key
    -- An update even where nothing changes: only that is seen by REPEATABLE READ.
    on conflict (session_key) do update set has_extras = s.has_extras
    returning s.session_key, s.has_extras
  )
  select array_agg(opened.session_key) into with_extras from opened where opened.has_extras;

  if with_extras is not null then
    perform metrics.apply_extras(with_extras);
  end if;
end; $$;

comment on function metrics.open_sessions(uuid[]) is
  'Gives new metrics rows the leads and feedback of their sessions.';
