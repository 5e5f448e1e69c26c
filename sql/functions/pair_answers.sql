-- The answer to a question without a response on its own row is the next row, where that is an AI
-- message alone. A changed row concerns the row before it and itself, so only the stretch from the
-- row before the first change to the row after the last one is read.
create or replace function metrics.pair_answers(deltas metrics.session_delta[]) returns metrics.session_delta[]
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
  paired_deltas metrics.session_delta[];
begin
  if cardinality(deltas) > 128 then
    perform metrics.plan_for_many();
  end if;
  with stretch as materialized (
    select
      delta.session_key,
      coalesce((
        select max(l.created_at) from metrics.messages as l
        where l.session_key = delta.session_key and l.created_at < delta.changed_from
      ), delta.changed_from) as from_time,
      (
        select min(l.created_at) from metrics.messages as l
        where l.session_key = delta.session_key and l.created_at > delta.changed_to
      ) as to_time
    from unnest(deltas) as delta
  ),
  paired as materialized (
    select
      l.conversation_id, l.session_key, l.response_us,
      metrics.is_open(l.user_messages, l.ai_messages)
        -- The last rows of the stretch do not see the row after them.
        and (stretch.to_time is null or l.created_at < stretch.to_time) as is_open,
      case when lead(l.ai_messages) over next_row > 0 and lead(l.user_messages) over next_row = 0 then
        metrics.response_us(nullif(l.created_at, 'infinity'), nullif(lead(l.created_at) over next_row, 'infinity'))
      end as answered_us
    from stretch
    join metrics.messages as l
      on l.session_key = stretch.session_key
      and l.created_at >= stretch.from_time
      and l.created_at <= coalesce(stretch.to_time, 'infinity')
    window next_row as (partition by l.session_key order by l.created_at, l.conversation_id)
  ),
  changed as (
    update metrics.messages as l
    set response_us = paired.answered_us
    from paired
    where l.conversation_id = paired.conversation_id
      and paired.is_open
      and paired.response_us is distinct from paired.answered_us
    returning l.session_key, paired.answered_us, paired.response_us
  ),
  found as (
    select * from unnest(deltas)
    union all
    select
      changed.session_key, 0, 0, 0, 0, 0, 0, 0,
      (changed.answered_us is not null)::integer - (changed.response_us is not null)::integer,
      coalesce(changed.answered_us, 0)::numeric - coalesce(changed.response_us, 0),
      '0', null, null, null, null
    from changed
  ),
  -- By grouping, not by a join: there can be a hundred thousand sessions.
  summed as (
    select row(
      found.session_key, sum(found.message_rows), sum(found.user_messages), sum(found.ai_messages),
      sum(found.prompt_tokens), sum(found.completion_tokens), sum(found.estimated_messages),
      sum(found.open_rows), sum(found.response_count), sum(found.response_us_sum),
      max(found.longest_lag), max(found.removed_end), max(found.added_end), min(found.changed_from), max(found.changed_to)
    )::metrics.session_delta as delta
    from found
    group by found.session_key
  )
  select array_agg(summed.delta) into paired_deltas from summed;
  return paired_deltas;
end; $$;

comment on function metrics.pair_answers(metrics.session_delta[]) is
  'Sets the response time of questions that a following row answers, around the changed rows of each session, and returns the differences with that of the response times added. The caller holds the locks.';
