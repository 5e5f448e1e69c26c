-- The ledger's mark is the queue: nothing is enqueued when a row is written. A batch claims its rows
-- until it is written back; graphile-worker gives it to one worker. Newest first, so that a message
-- of this moment never waits behind a backfill, and few batches at a time, for the same reason.
create or replace function metrics.enqueue_token_batches(
  max_batches integer,
  batch_rows integer,
  batch_tokens integer
) returns integer
language plpgsql
set search_path = pg_catalog, pg_temp
-- By the index of what waits, newest first, and no further than is needed: a backlog may be millions.
set plan_cache_mode = force_custom_plan
set enable_seqscan = off
set join_collapse_limit = 8
set from_collapse_limit = 8
set jit = off
set enable_bitmapscan = off
as $$
declare
  free integer;
  free_long integer;
  made integer;
begin
  -- One at a time, or two would claim the same rows; whoever comes second has nothing to do.
  if not pg_try_advisory_xact_lock(hashtextextended('metrics.token_batches', 0)) then
    return 0;
  end if;
  select max_batches - count(*) filter (where not b.is_long), greatest(0, 2 - count(*) filter (where b.is_long))
  into free, free_long
  from metrics.token_batches as b;
  -- Many at a time: each look passes by all rows that are claimed.
  if free * 2 < max_batches then
    return 0;
  end if;

  with waiting as (
    select
      l.conversation_id, l.session_key, l.created_at, size.tokens > batch_tokens as is_long,
      metrics.token_lane(l.session_key) as lane,
      -- What of a batch a row takes: one of its rows, or that part of its tokens where that is more. A long
      -- text takes all of one, so that nobody waits for it. An integer, since a sum of bigint is a numeric.
      least(greatest(batch_tokens, size.tokens * batch_rows), batch_rows::bigint * batch_tokens)::integer as share
    from metrics.messages as l
    cross join lateral (
      select case when l.prompt_source = 'estimate' then l.prompt_tokens else 0 end::bigint
        + case when l.completion_source = 'estimate' then l.completion_tokens else 0 end
    ) as size (tokens)
    where (l.prompt_source = 'estimate' or l.completion_source = 'estimate')
      -- Long ones that cannot be begun now keep no others from it.
      and (size.tokens <= batch_tokens or free_long > 0)
      -- Looked up by hash; not a join, which would sort all that waits.
      and l.conversation_id not in (
        select id from metrics.token_batches as b cross join lateral unnest(b.conversation_ids) as id
        union all
        select r.conversation_id from metrics.token_retries as r where r.retry_at > clock_timestamp()
      )
    order by l.created_at desc
    limit free * batch_rows
  ),
  numbered as (
    select
      w.*,
      (sum(w.share) over (partition by w.is_long, w.lane order by w.created_at desc rows unbounded preceding) - w.share)
        / (batch_rows::bigint * batch_tokens) as number
    from waiting as w
  ),
  grouped as (
    select
      is_long, lane, max(created_at) as newest, array_agg(conversation_id) as conversation_ids,
      array_agg(distinct session_key) as session_keys
    from numbered
    group by is_long, lane, number
    order by is_long, newest desc
  ),
  chosen as (
    (select * from grouped where not is_long limit free)
    union all
    (select * from grouped where is_long limit free_long)
  ),
  added as (
    insert into metrics.token_batches (conversation_ids, session_keys, lane, is_long)
    select conversation_ids, session_keys, lane, is_long from chosen
    returning batch_id, is_long
  )
  select count(job) into made
  from graphile_worker.add_jobs(array(
    select row(
      'count_tokens', json_build_object('source', metrics.source_name(), 'batch_id', added.batch_id), null, null, 5, null,
      -- First, since others would keep it waiting for as long as there are any: it is counted in a thread.
      case when added.is_long then -1 else 0 end, null
    )::graphile_worker.job_spec
    from added
    order by added.batch_id
  )) as job;
  return made;
end; $$;

comment on function metrics.enqueue_token_batches(integer, integer, integer) is
  'Adds count_tokens jobs for messages whose tokens are estimates, newest first, while fewer than max_batches wait or run: each of up to batch_rows rows and about batch_tokens estimated tokens, of one lane. Returns how many.';
