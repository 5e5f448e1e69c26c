create or replace function metrics.restore_sessions(keys uuid[]) returns integer
language plpgsql
set search_path = pg_catalog, pg_temp
as $restore$
declare
  columns constant text := (
    select string_agg(quote_ident(a.attname), ', ' order by a.attnum)
    from pg_attribute as a
    where a.attrelid = 'public.conversation_metrics'::regclass and a.attnum > 0 and not a.attisdropped and a.attgenerated = ''
  );
  restored integer;
begin
  execute format(
    $sql$
    with moved as (
      delete from public.conversation_metrics_archive as a using unnest($1) as key where a.session_key = key returning a.*
    ),
    added as (
      insert into public.conversation_metrics (%1$s) select %1$s from moved order by session_key
      -- There only where something went past the locks, a restored dump say: no write may fail on it.
      on conflict do nothing
    )
    update metrics.sessions as s set is_archived = false from moved where s.session_key = moved.session_key
    $sql$,
    columns
  ) using keys;
  get diagnostics restored = row_count;
  return restored;
end; $restore$;

comment on function metrics.restore_sessions(uuid[]) is
  'Brings the metrics rows of these sessions back from the archive, and returns how many. The caller has locked the sessions in metrics.sessions.';
