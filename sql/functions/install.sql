create or replace function metrics.install() returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
  perform metrics.install_message_triggers();
  perform metrics.install_extra_triggers(s.kind) from metrics.sources as s where s.kind <> 'messages';
  perform metrics.install_parent_triggers();
end; $$;

comment on function metrics.install() is
  'Creates the triggers on the source tables, also on partitions that came later. Safe to repeat.';
