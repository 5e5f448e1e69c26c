-- Sums change by the difference; first row and end come from the ledger by index. The caller has
-- entered these sessions (metrics.enter_sessions returned `entered`: those with a metrics row) and
-- written the ledger in an earlier statement.
create or replace function metrics.apply_deltas(deltas metrics.session_delta[], entered uuid[]) returns void
language plpgsql
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_hashjoin = off
set enable_mergejoin = off
set enable_seqscan = off
set join_collapse_limit = 8
set from_collapse_limit = 8
set jit = off
as $$
declare
  changed_at constant timestamptz := clock_timestamp();
  released uuid[];
  with_extras uuid[];
begin
  if cardinality(deltas) > 128 then
    perform metrics.plan_for_many();
  end if;
  perform metrics.mark_rollups(entered);
  -- Who holds a first row that is another session's now. One of these sessions lets go of it before the
  -- other takes it. Anyone else can only be stale (left by a restore, say) and must not make this write
  -- fail on the unique conversation_id: it goes, and is derived anew below.
  with claims as materialized (
    select m.session_key, m.session_key = any(entered) and m.session_key in (select d.session_key from unnest(deltas) as d) as is_ours
    from unnest(deltas) as delta
    cross join lateral metrics.session_bounds(delta.session_key, '0') as bounds
    join public.conversation_metrics as m on m.conversation_id = bounds.conversation_id
    where m.session_key <> delta.session_key
  ),
  let_go as (
    update public.conversation_metrics as m
    set conversation_id = null
    from claims
    where m.session_key = claims.session_key and claims.is_ours
  ),
  stale as (
    delete from public.conversation_metrics as m
    using claims
    where m.session_key = claims.session_key and not claims.is_ours
    returning m.session_key
  )
  select array_agg(stale.session_key) into released from stale;

  if cardinality(entered) > 0 then
      delete from public.conversation_metrics as m
      using unnest(deltas) as delta
      where m.session_key = delta.session_key
        and m.session_key = any(entered)
        and not exists (select from metrics.messages as l where l.session_key = delta.session_key);

      update public.conversation_metrics as m
      set
        conversation_id = bounds.conversation_id,
        widget_id = first.widget_id,
        user_id = first.user_id,
        user_messages = m.user_messages + delta.user_messages,
        ai_messages = m.ai_messages + delta.ai_messages,
        prompt_tokens = m.prompt_tokens + delta.prompt_tokens,
        completion_tokens = m.completion_tokens + delta.completion_tokens,
        estimated_messages = m.estimated_messages + delta.estimated_messages,
        conversation_start = bounds.conversation_start,
        conversation_end = ends.conversation_end,
        response_count = m.response_count + delta.response_count,
        response_us_sum = m.response_us_sum + delta.response_us_sum,
        message_rows = m.message_rows + delta.message_rows,
        open_rows = m.open_rows + delta.open_rows,
        longest_lag = greatest(m.longest_lag, delta.longest_lag),
        updated_at = case
          when (delta.user_messages, delta.ai_messages, delta.prompt_tokens, delta.completion_tokens,
                delta.estimated_messages, delta.response_count, delta.response_us_sum) <> (0, 0, 0, 0, 0, 0, 0)
            or (m.conversation_id, m.widget_id, m.user_id, m.conversation_start, m.conversation_end)
              is distinct from
              (bounds.conversation_id, first.widget_id, first.user_id, bounds.conversation_start, ends.conversation_end)
          then changed_at
          else m.updated_at
        end
      from unnest(deltas) as delta
      join public.conversation_metrics as stored on stored.session_key = delta.session_key
      cross join lateral metrics.session_bounds(
        delta.session_key, greatest(stored.longest_lag, delta.longest_lag)
      ) as bounds
      -- Looked up only where a row that may have been the end is gone.
      cross join lateral (
        select case
          when delta.removed_end >= stored.conversation_end then bounds.conversation_end
          else greatest(stored.conversation_end, delta.added_end)
        end
      ) as ends (conversation_end)
      -- By session too: see metrics.add_first_row.
      left join metrics.source_messages as first
        on first.conversation_id = bounds.conversation_id
        and metrics.session_key(first.organization_id::text, first.session_id::text) = delta.session_key
      where m.session_key = delta.session_key
        and m.session_key = any(entered);
  end if;

  -- A session without a metrics row is derived from the ledger in full.
  with made as (
    insert into public.conversation_metrics (
      session_key, conversation_id, session_id, organization_id, widget_id, user_id,
      user_messages, ai_messages, prompt_tokens, completion_tokens, estimated_messages,
      conversation_start, conversation_end, response_count, response_us_sum,
      message_rows, open_rows, longest_lag, created_at, updated_at
    )
    select
      total.session_key, bounds.conversation_id, first.session_id,
      first.organization_id, first.widget_id, first.user_id,
      total.user_messages, total.ai_messages, total.prompt_tokens, total.completion_tokens,
      total.estimated_messages, bounds.conversation_start, bounds.conversation_end,
      total.response_count, total.response_us_sum,
      total.message_rows, total.open_rows, total.longest_lag, changed_at, changed_at
    from unnest(deltas) as delta
    cross join lateral metrics.session_bounds(delta.session_key, '100 years') as bounds
    cross join lateral metrics.session_total(delta.session_key) as total
    cross join lateral (
      select s.session_id, s.organization_id, s.widget_id, s.user_id
      from metrics.source_messages as s
      where s.conversation_id = bounds.conversation_id
        and metrics.session_key(s.organization_id::text, s.session_id::text) = delta.session_key
      limit 1 -- A view may come to show an id twice.
    ) as first
    where delta.session_key <> all(entered)
    returning session_key
  )
  select array_agg(made.session_key) into with_extras
  from made
  join metrics.sessions as s on s.session_key = made.session_key
  where s.is_known;

  if with_extras is not null then
    perform metrics.apply_extras(with_extras);
  end if;
  perform metrics.mark_rollups(array(select d.session_key from unnest(deltas) as d));
  if released is not null then
    -- Where they claimed to have begun, nobody knows any more.
    insert into metrics.rollup_resets default values;
    perform metrics.rebuild_sessions(released);
  end if;
end; $$;

comment on function metrics.apply_deltas(metrics.session_delta[], uuid[]) is
  'Brings the metrics rows of these sessions up to date with the ledger; makes and deletes rows as sessions come and go.';
