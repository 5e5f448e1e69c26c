-- Of one session, since a search by an array is planned anew at each call.
create or replace function metrics.mark_rollup(key uuid) returns void
-- No search_path of its own: setting one costs a tenth of an INSERT, and the triggers that call it have.
language plpgsql
as $$
begin
  insert into metrics.rollup_changes (starts_at, organization_id)
  select metrics.quarter_hour(m.conversation_start), m.organization_id::text
  from public.conversation_metrics as m
  where m.session_key = key;
end; $$;

comment on function metrics.mark_rollup(uuid) is
  'As metrics.mark_rollups, of one session whose start is known to be old enough.';
