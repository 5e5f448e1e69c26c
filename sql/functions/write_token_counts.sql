-- The application comes first: what it has locked is left for later (SKIP LOCKED), so that a write
-- never waits for this one while this one waits for it, and a transaction left open holds up nobody.
create or replace function metrics.write_token_counts(
  batch bigint,
  conversation_ids metrics.token_batches.conversation_ids%type,
  prompt_tokens integer[],
  completion_tokens integer[],
  versions xid[],
  prompt_digests bigint[],
  completion_digests bigint[],
  encodings metrics.encoding[],
  encodings_assumed boolean[],
  out written integer,
  out dropped integer
)
language plpgsql
set search_path = pg_catalog, pg_temp
-- Planned once: row after row by the indexes, whatever size a table had then.
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
  keys uuid[];
  lane smallint;
  sessions uuid[];
  ids metrics.token_batches.conversation_ids%type;
begin
  delete from metrics.token_batches as b where b.batch_id = batch returning b.session_keys, b.lane into keys, lane;
  if not found then
    -- Taken for dead, and given to another worker.
    written := 0;
    dropped := cardinality(conversation_ids);
    return;
  end if;

  -- One write-back at a time in a lane, or each would pass over what the other has locked.
  perform pg_advisory_xact_lock(hashtextextended('metrics.token_counts', lane));
  -- In the order of every other write: metrics rows, then ledger rows.
  sessions := array(
    select locked.session_key
    from (
      select m.session_key
      from unnest(keys) as key
      join public.conversation_metrics as m on m.session_key = key
      order by m.session_key
      for no key update of m skip locked
    ) as locked
  );

  -- Read under the locks of the sessions: only what is still the text that was counted. An entry that is the
  -- version that was read has that text: whoever changes a text writes its entry anew (metrics.apply_messages). Of
  -- any other version the digest decides, since neighbours and feedback write it too. A writer that changed the
  -- text but has yet to count its change finds another digest then, and makes it an estimate again.
  with exact as materialized (
    select
      c.*, l.ctid as place,
      l.prompt_tokens as old_prompt_tokens, l.completion_tokens as old_completion_tokens,
      case when l.prompt_source = 'estimate' then l.user_messages else 0 end as estimated_prompts,
      case when l.completion_source = 'estimate' then l.ai_messages else 0 end as estimated_completions,
      coalesce(
        l.prompt_source <> 'provider'
          and c.prompt_digest = case when l.xmin = c.version then c.prompt_digest else present.prompt_digest end,
        false
      ) as prompt,
      coalesce(
        l.completion_source <> 'provider'
          and c.completion_digest = case when l.xmin = c.version then c.completion_digest else present.completion_digest end,
        false
      ) as completion
    from unnest(
      write_token_counts.conversation_ids, write_token_counts.prompt_tokens, write_token_counts.completion_tokens,
      versions, prompt_digests, completion_digests, encodings, encodings_assumed
    ) as c (
      conversation_id, prompt_tokens, completion_tokens, version, prompt_digest, completion_digest, encoding, encoding_assumed
    )
    join metrics.messages as l on l.conversation_id = c.conversation_id
    left join lateral (
      select
        metrics.text_digest(s.model, s.message, null) as prompt_digest,
        metrics.text_digest(s.model, case when s.role = 'assistant' then s.message end, s.response) as completion_digest
      from metrics.source_messages as s
      where s.conversation_id = c.conversation_id and l.xmin <> c.version
      offset 0
    ) as present on true
    -- Looked up by hash; as a condition by itself it would be a join, of each with each.
    where coalesce(l.session_key in (select session from unnest(sessions) as session), false)
    -- Feedback marks ledger rows without their session.
    for no key update of l skip locked
  ),
  changed as (
    update metrics.messages as l
    set
      prompt_tokens = case when exact.prompt then exact.prompt_tokens else l.prompt_tokens end,
      prompt_source = case when exact.prompt then 'tiktoken' else l.prompt_source end,
      prompt_digest = case when exact.prompt then exact.prompt_digest else l.prompt_digest end,
      completion_tokens = case when exact.completion then exact.completion_tokens else l.completion_tokens end,
      completion_source = case when exact.completion then 'tiktoken' else l.completion_source end,
      completion_digest = case when exact.completion then exact.completion_digest else l.completion_digest end,
      encoding = exact.encoding,
      encoding_assumed = exact.encoding_assumed,
      counted_at = changed_at
    from exact
    where l.ctid = exact.place and (exact.prompt or exact.completion)
    returning
      l.session_key,
      l.prompt_tokens - exact.old_prompt_tokens as prompt_tokens,
      l.completion_tokens - exact.old_completion_tokens as completion_tokens,
      case when exact.prompt then exact.estimated_prompts else 0 end
        + case when exact.completion then exact.estimated_completions else 0 end as counted_messages
  ),
  summed as (
    select
      changed.session_key, count(*) as message_rows, sum(changed.prompt_tokens) as prompt_tokens,
      sum(changed.completion_tokens) as completion_tokens, sum(changed.counted_messages) as counted_messages
    from changed
    group by changed.session_key
  ),
  applied as (
    update public.conversation_metrics as m
    set
      prompt_tokens = m.prompt_tokens + summed.prompt_tokens,
      completion_tokens = m.completion_tokens + summed.completion_tokens,
      estimated_messages = m.estimated_messages - summed.counted_messages,
      updated_at = changed_at
    from summed
    where m.session_key = summed.session_key
    returning m.conversation_start, m.organization_id
  ),
  -- As metrics.mark_rollups.
  marked as (
    insert into metrics.rollup_changes (starts_at, organization_id)
    select distinct metrics.quarter_hour(a.conversation_start), a.organization_id::text
    from applied as a
    where a.conversation_start < changed_at - metrics.rollup_delay()
  )
  select coalesce((select sum(summed.message_rows) from summed), 0), array(select exact.conversation_id from exact)
  into written, ids;
  dropped := cardinality(write_token_counts.conversation_ids) - written;

  if exists (select from metrics.token_retries) then
    delete from metrics.token_retries as r using unnest(ids) as id where r.conversation_id = id;
  end if;
  if dropped > 0 then
    insert into metrics.token_retries (conversation_id, retry_at)
    select l.conversation_id, clock_timestamp() + interval '2 seconds'
    from unnest(write_token_counts.conversation_ids) as id
    join metrics.messages as l on l.conversation_id = id
    where not exists (select from unnest(ids) as locked_id where locked_id = id)
    on conflict (conversation_id) do update set retry_at = excluded.retry_at;
  end if;
end; $$;

comment on function metrics.write_token_counts(
  bigint, metrics.token_batches.conversation_ids%type, integer[], integer[], xid[], bigint[], bigint[], metrics.encoding[], boolean[]
) is
  'Puts the exact counts of a batch into ledger and metrics and ends the batch; the arrays hold what metrics.read_token_batch gave and the counts, one element a row. Drops counts of texts that changed since, rows that are gone, and, to be tried again in 2 seconds, what a transaction under way has locked.';
