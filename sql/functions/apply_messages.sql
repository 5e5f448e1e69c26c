-- The one operation behind every write but a plain INSERT: compare these rows with the ledger and
-- apply the difference. Doing it twice changes nothing. Lock first, read in the next statement:
-- what is read under the locks cannot change before they are gone.
create or replace function metrics.apply_messages(ids anyarray) returns void
language plpgsql
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
-- See metrics.plan_for_many.
set enable_hashjoin = off
set enable_mergejoin = off
set enable_seqscan = off
set join_collapse_limit = 8
set from_collapse_limit = 8
set jit = off
as $$
declare
  pending ids%type := ids;
  rated ids%type;
  keys uuid[];
  entered uuid[];
  deltas metrics.session_delta[];
begin
  if cardinality(ids) > 128 then
    perform metrics.plan_for_many();
  end if;
  loop
    keys := metrics.sessions_of_messages(pending);
    entered := metrics.enter_sessions(keys);
    if cardinality(pending) > 1 then
      -- Feedback marks ledger rows in this order too, also of rows whose session nobody knows yet. Not those
      -- of a session that is entered in the next round only: who has that one may wait for them.
      perform from unnest(pending) as id
      join metrics.messages as l on l.conversation_id = id
      where l.session_key is null or l.session_key = any(keys)
      order by l.conversation_id for no key update of l;
    end if;

    with wanted as materialized (
      -- A row that another transaction moved to a further session meanwhile waits for the next round.
      select distinct id
      from unnest(pending) as id
      left join metrics.messages as l on l.conversation_id = id
      left join metrics.counted_messages as c on c.conversation_id = id
      where (l.session_key is null or l.session_key = any(keys))
        and (c.session_key is null or c.session_key = any(keys))
    ),
    old as materialized (
      select l.* from wanted join metrics.messages as l on l.conversation_id = wanted.id
    ),
    new as materialized (
      select c.* from wanted join metrics.counted_messages as c on c.conversation_id = wanted.id
    ),
    gone as (
      delete from metrics.messages as l
      using old
      where l.conversation_id = old.conversation_id
        and not l.has_feedback
        and not exists (select from new where new.conversation_id = old.conversation_id)
    ),
    -- Feedback still names this row: should it come back, its feedback must be found again.
    emptied as (
      update metrics.messages as l
      set
        session_key = null, created_at = null, ended_at = null, response_us = null,
        user_messages = 0, ai_messages = 0, prompt_tokens = 0, completion_tokens = 0,
        prompt_source = null, completion_source = null
      from old
      where l.conversation_id = old.conversation_id
        and l.has_feedback
        and not exists (select from new where new.conversation_id = old.conversation_id)
    ),
    changed as (
      update metrics.messages as l
      set
        session_key = new.session_key,
        created_at = new.created_at,
        ended_at = new.ended_at,
        user_messages = new.user_messages,
        ai_messages = new.ai_messages,
        prompt_tokens = new.prompt_tokens,
        completion_tokens = new.completion_tokens,
        prompt_source = new.prompt_source,
        completion_source = new.completion_source,
        counted_at = case
          when 'estimate' in (new.prompt_source, new.completion_source) then now() else l.counted_at
        end,
        -- An open question keeps the answer it had; metrics.pair_answers looks again.
        response_us = case
          when metrics.is_open(old.user_messages, old.ai_messages) and metrics.is_open(new.user_messages, new.ai_messages)
            and old.session_key = new.session_key
          then old.response_us
          else new.response_us
        end
      from new
      join old on old.conversation_id = new.conversation_id
      where l.conversation_id = new.conversation_id
        and (
          (
            old.session_key, old.created_at, old.ended_at, old.user_messages, old.ai_messages,
            old.prompt_tokens, old.completion_tokens, old.prompt_source, old.completion_source,
            case when not metrics.is_open(old.user_messages, old.ai_messages) then old.response_us end
          ) is distinct from (
            new.session_key, new.created_at, new.ended_at, new.user_messages, new.ai_messages,
            new.prompt_tokens, new.completion_tokens, new.prompt_source, new.completion_source,
            new.response_us
          )
          -- Another text may have the same estimate: metrics.write_token_counts knows by the new version.
          or 'estimate' in (new.prompt_source, new.completion_source)
        )
      returning l.*
    ),
    added as (
      insert into metrics.messages (
        conversation_id, session_key, created_at, ended_at, user_messages, ai_messages,
        prompt_tokens, completion_tokens, prompt_source, completion_source, response_us
      )
      select
        new.conversation_id, new.session_key, new.created_at, new.ended_at, new.user_messages,
        new.ai_messages, new.prompt_tokens, new.completion_tokens, new.prompt_source,
        new.completion_source, new.response_us
      from new
      where not exists (select from old where old.conversation_id = new.conversation_id)
      order by new.conversation_id
      on conflict (conversation_id) do nothing
      returning *
    ),
    -- A row that is gone before the ledger knew it: another statement may still see it, an outer
    -- INSERT whose trigger comes later or a backfill. It will find this empty row and look again.
    unknown as (
      insert into metrics.messages (conversation_id)
      select wanted.id
      from wanted
      where not exists (select from old where old.conversation_id = wanted.id)
        and not exists (select from new where new.conversation_id = wanted.id)
      on conflict (conversation_id) do nothing
      returning conversation_id
    ),
    difference as (
      select 1 as sign, * from changed
      union all
      select 1, * from added
      union all
      select -1, old.*
      from old
      where not exists (select from new where new.conversation_id = old.conversation_id)
        or exists (select from changed where changed.conversation_id = old.conversation_id)
      -- Nothing counted changed, but the first row's widget or user may have.
      union all
      select 0, old.* from old
    ),
    summed as (
      select row(
        d.session_key,
        sum(d.sign),
        sum(d.sign * d.user_messages),
        sum(d.sign * d.ai_messages),
        sum(d.sign * d.prompt_tokens::bigint),
        sum(d.sign * d.completion_tokens::bigint),
        sum(d.sign * metrics.estimated_messages(d.user_messages, d.prompt_source, d.ai_messages, d.completion_source)),
        sum(d.sign * metrics.is_open(d.user_messages, d.ai_messages)::integer),
        sum(d.sign * (d.response_us is not null)::integer),
        sum(d.sign * coalesce(d.response_us, 0)::numeric),
        max(metrics.row_lag(d.created_at, d.ended_at)),
        -- Of all that were there: a row whose end moves back is among them, too.
        max(d.ended_at) filter (where d.sign < 0),
        max(d.ended_at) filter (where d.sign > 0),
        min(d.created_at),
        max(d.created_at)
      )::metrics.session_delta as delta
      from difference as d
      where d.session_key is not null
      group by d.session_key
    )
    select
      (select array_agg(summed.delta) from summed),
      (select array_agg(old.conversation_id) from old where old.has_feedback),
      (
        select array_agg(id)
        from unnest(pending) as id
        where not exists (select from old where old.conversation_id = id)
          and not exists (select from added where added.conversation_id = id)
          and not exists (select from unknown where unknown.conversation_id = id)
      )
    into deltas, rated, pending;

    if deltas is not null then
      if exists (
        select from unnest(deltas) as d
        left join public.conversation_metrics as m on m.session_key = d.session_key
        where d.open_rows <> 0 or m.open_rows > 0
      ) then
        deltas := metrics.pair_answers(deltas);
      end if;
      perform metrics.apply_deltas(deltas, entered);
    end if;
    if rated is not null then
      perform metrics.sync('feedback', array(
        select f.feedback_id from metrics.feedback as f where f.conversation_id = any(rated)
      ));
    end if;
    -- Left over: rows that another transaction brought into the ledger while this one waited.
    exit when pending is null;
  end loop;
end; $$;

comment on function metrics.apply_messages(anyarray) is
  'Brings the ledger and the metrics up to date with message rows (ids of conversations, also of rows that are gone). Idempotent.';
