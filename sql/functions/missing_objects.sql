create or replace function metrics.missing_objects() returns text
language sql stable
set search_path = pg_catalog, pg_temp
begin atomic
  select string_agg(name, ', ')
  from unnest(array[
    'public.conversation_metrics', 'public.conversation_metrics_archive', 'public.conversation_metrics_drift', 'metrics.source_messages',
    'metrics.source_leads', 'metrics.source_feedback', 'metrics.counted_messages', 'metrics.counted_leads',
    'metrics.counted_feedback'
  ]) as name
  where to_regclass(name) is null;
end;

comment on function metrics.missing_objects() is
  'What an installation has and this one has no longer ("drop schema public cascade" takes it along, or a DROP TABLE of a source); NULL where all is there.';
