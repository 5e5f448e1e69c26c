-- The application comes first: what it has locked is left for later (SKIP LOCKED), so that a write
-- never waits for this one while this one waits for it, and a transaction left open holds up nobody.
create or replace function metrics.write_token_counts(
  batch bigint,
  counts jsonb,
  out written integer,
  out dropped integer
)
language plpgsql
set search_path = pg_catalog, pg_temp
-- With the arrays known, so that they are joined by hash: a plan for any would compare each with each.
set plan_cache_mode = force_custom_plan
-- And with the tables by their indexes, though reading a small one from end to end would seem to cost less.
set enable_seqscan = off
set jit = off
as $$
declare
  counted constant metrics.messages[] := array(select c from jsonb_populate_recordset(null::metrics.messages, counts) as c);
  changed_at constant timestamptz := clock_timestamp();
  sessions uuid[];
  ids metrics.token_batches.conversation_ids%type;
begin
  delete from metrics.token_batches as b where b.batch_id = batch;
  if not found then
    -- Taken for dead, and given to another worker.
    written := 0;
    dropped := cardinality(counted);
    return;
  end if;

  -- One write-back at a time, or each would pass over what the other has locked.
  perform pg_advisory_xact_lock(hashtextextended('metrics.token_counts', 0));
  -- In the order of every other write: metrics rows, then ledger rows.
  sessions := array(
    select locked.session_key
    from (
      select m.session_key
      from (
        select distinct l.session_key
        from unnest(counted) as c
        join metrics.messages as l on l.conversation_id = c.conversation_id
      ) as wanted
      join public.conversation_metrics as m on m.session_key = wanted.session_key
      order by m.session_key
      for no key update of m skip locked
    ) as locked
  );
  ids := array(
    select locked.conversation_id
    from (
      select l.conversation_id
      from unnest(counted) as c
      join metrics.messages as l on l.conversation_id = c.conversation_id
      join unnest(sessions) as session on session = l.session_key
      order by l.conversation_id
      for no key update of l skip locked
    ) as locked
  );

  -- Under the locks: only what is still the text that was counted. A writer that changed it but has
  -- yet to count its change finds another digest then, and makes it an estimate again.
  with exact as materialized (
    select
      l.conversation_id, l.session_key,
      l.prompt_source <> 'provider' and c.prompt_digest = metrics.text_digest(s.model, s.message, null) as prompt,
      l.completion_source <> 'provider' and c.completion_digest = metrics.text_digest(
        s.model, case when s.role = 'assistant' then s.message end, s.response
      ) as completion,
      case when l.prompt_source = 'estimate' then l.user_messages else 0 end as estimated_prompts,
      case when l.completion_source = 'estimate' then l.ai_messages else 0 end as estimated_completions,
      l.prompt_tokens as old_prompt_tokens, l.completion_tokens as old_completion_tokens,
      c.prompt_tokens, c.completion_tokens, c.prompt_digest, c.completion_digest, c.encoding, c.encoding_assumed
    from unnest(ids) as id
    join metrics.messages as l on l.conversation_id = id
    join metrics.source_messages as s on s.conversation_id = id
    join unnest(counted) as c on c.conversation_id = id
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
    where l.conversation_id = exact.conversation_id and (exact.prompt or exact.completion)
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
  select coalesce(sum(summed.message_rows), 0) into written from summed;
  dropped := cardinality(counted) - written;

  if exists (select from metrics.token_retries) then
    delete from metrics.token_retries as r using unnest(ids) as id where r.conversation_id = id;
  end if;
  if dropped > 0 then
    insert into metrics.token_retries (conversation_id, retry_at)
    select c.conversation_id, clock_timestamp() + interval '2 seconds'
    from unnest(counted) as c
    join metrics.messages as l on l.conversation_id = c.conversation_id
    where not exists (select from unnest(ids) as id where id = c.conversation_id)
    on conflict (conversation_id) do update set retry_at = excluded.retry_at;
  end if;
end; $$;

comment on function metrics.write_token_counts(bigint, jsonb) is
  'Puts the exact counts of a batch (an array of ledger rows: conversation_id, prompt_tokens, completion_tokens, prompt_digest, completion_digest, encoding, encoding_assumed) into ledger and metrics and ends the batch. Drops counts of texts that changed since, rows that are gone, and, to be tried again in 2 seconds, what a transaction under way has locked.';
