-- The difference between the ledger and the metrics row, applied like any other difference.
create or replace function metrics.rebuild_sessions(keys uuid[]) returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  entered uuid[];
begin
  entered := metrics.enter_sessions(keys);
  -- Left there by what goes past the locks, a restored dump say; it is derived anew below.
  with left_over as (
    delete from public.conversation_metrics_archive as a using unnest(keys) as key where a.session_key = key
    returning a.conversation_start, a.organization_id
  )
  insert into metrics.rollup_changes (starts_at, organization_id)
  select distinct metrics.quarter_hour(l.conversation_start), l.organization_id::text
  from left_over as l
  where l.conversation_start < clock_timestamp() - metrics.rollup_delay();
  perform metrics.pair_answers(array(
    select row(key, 0, 0, 0, 0, 0, 0, 0, 0, 0, '0', null, null, '-infinity', 'infinity')::metrics.session_delta
    from unnest(keys) as key
  ));
  perform metrics.apply_deltas(
    array(
      select row(
        total.session_key,
        total.message_rows - coalesce(m.message_rows, 0),
        total.user_messages - coalesce(m.user_messages, 0),
        total.ai_messages - coalesce(m.ai_messages, 0),
        total.prompt_tokens - coalesce(m.prompt_tokens, 0),
        total.completion_tokens - coalesce(m.completion_tokens, 0),
        total.estimated_messages - coalesce(m.estimated_messages, 0),
        total.open_rows - coalesce(m.open_rows, 0),
        total.response_count - coalesce(m.response_count, 0),
        total.response_us_sum - coalesce(m.response_us_sum, 0),
        total.longest_lag,
        'infinity',
        null,
        total.changed_from,
        total.changed_to
      )::metrics.session_delta
      from (select distinct key from unnest(keys) as key) as wanted
      cross join lateral metrics.session_total(wanted.key) as total
      left join public.conversation_metrics as m on m.session_key = wanted.key
    ),
    entered
  );
  -- The key and who it stands for never change, but a row may have been tampered with.
  update public.conversation_metrics as m
  set session_id = first.session_id, organization_id = first.organization_id
  from metrics.source_messages as first
  where m.session_key = any(keys)
    and first.conversation_id = m.conversation_id
    and (m.session_id, m.organization_id) is distinct from (first.session_id, first.organization_id);
  perform metrics.apply_extras(keys);
  perform metrics.mark_rollups(keys);
end; $$;

comment on function metrics.rebuild_sessions(uuid[]) is
  'Derives the metrics rows of these sessions from the ledger in full.';
