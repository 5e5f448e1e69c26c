create or replace function metrics.mark_rollups(keys uuid[]) returns void
-- No search_path of its own: setting one costs a tenth of an INSERT, and the triggers that call it have.
language plpgsql
as $$
begin
  insert into metrics.rollup_changes (starts_at, organization_id)
  select distinct metrics.quarter_hour(m.conversation_start), m.organization_id::text
  from public.conversation_metrics as m
  where m.session_key = any(keys) and m.conversation_start < clock_timestamp() - metrics.rollup_delay();
end; $$;

comment on function metrics.mark_rollups(uuid[]) is
  'Notes that the rollups which these sessions are part of at present are out of date. The caller holds the locks of their metrics rows, and calls it after what it changes, and before that, too, where their start may change or they may go.';
