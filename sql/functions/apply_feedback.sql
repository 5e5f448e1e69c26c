create or replace function metrics.apply_feedback(ids anyarray) returns void
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
  pending ids%type := ids;
  keys uuid[];
  left_over record;
begin
  if cardinality(ids) > 128 then
    perform metrics.plan_for_many();
  end if;
  loop
    keys := metrics.sessions_of_feedback(pending);
    -- While this waits for the locks, another transaction may move a message row that feedback follows to
    -- a session that is not among them. To lock that one too would break the order, and deadlock: these
    -- are given back instead, and all are taken anew.
    begin
      perform metrics.enter_sessions(keys);
      if exists (select from unnest(metrics.sessions_of_feedback(pending)) as key where key <> all(keys)) then
        raise exception 'moved' using errcode = 'CM001';
      end if;
    exception when sqlstate 'CM001' then
      continue;
    end;
    -- Before, in one order, all ledger rows that this marks or unmarks.
    perform from metrics.messages as l
    where l.conversation_id in (
      select f.conversation_id
      from unnest(pending) as id
      join metrics.feedback as f on f.feedback_id = id
      union
      select c.conversation_id
      from unnest(pending) as id
      join metrics.counted_feedback as c on c.feedback_id = id
    )
    order by l.conversation_id
    for no key update;
    -- Feedback that follows a message row marks that row in the ledger, and leaves an empty one
    -- where it is not there yet: whoever writes, moves or deletes the row then finds the feedback.
    insert into metrics.messages as l (conversation_id, has_feedback)
    select distinct c.conversation_id, true
    from unnest(pending) as id
    join metrics.counted_feedback as c on c.feedback_id = id
    where c.conversation_id is not null
    order by c.conversation_id
    on conflict (conversation_id) do update set has_feedback = true;

    with wanted as materialized (
      -- As in metrics.apply_messages: the row that feedback follows may have moved until it was marked.
      select distinct id
      from unnest(pending) as id
      left join metrics.feedback as f on f.feedback_id = id
      left join metrics.counted_feedback as c on c.feedback_id = id
      where (f.session_key is null or f.session_key = any(keys))
        and (c.session_key is null or c.session_key = any(keys))
    ),
    old as materialized (
      select f.* from wanted join metrics.feedback as f on f.feedback_id = wanted.id
    ),
    new as materialized (
      select c.* from wanted join metrics.counted_feedback as c on c.feedback_id = wanted.id
    ),
    gone as (
      delete from metrics.feedback as f
      using old
      where f.feedback_id = old.feedback_id
        and not exists (select from new where new.feedback_id = old.feedback_id)
    ),
    changed as (
      update metrics.feedback as f
      set session_key = new.session_key, conversation_id = new.conversation_id, rating = new.rating
      from new
      where f.feedback_id = new.feedback_id
        and (f.session_key, f.conversation_id, f.rating)
          is distinct from (new.session_key, new.conversation_id, new.rating)
    ),
    -- Also an empty row for one that is gone before the ledger knew it.
    added as (
      insert into metrics.feedback (feedback_id, session_key, conversation_id, rating)
      select wanted.id, new.session_key, new.conversation_id, new.rating
      from wanted
      left join new on new.feedback_id = wanted.id
      where not exists (select from old where old.feedback_id = wanted.id)
      on conflict (feedback_id) do nothing
      returning feedback_id
    )
    select
      (
        select array_agg(id)
        from unnest(pending) as id
        where not exists (select from old where old.feedback_id = id)
          and not exists (select from added where added.feedback_id = id)
      ) as ids,
      (
        select array_agg(old.conversation_id)
        from old
        left join new on new.feedback_id = old.feedback_id
        where old.conversation_id is not null and new.conversation_id is distinct from old.conversation_id
      ) as rows
    into left_over;

    perform metrics.apply_extras(keys);
    if left_over.rows is not null then
      update metrics.messages as l
      set has_feedback = false
      where l.conversation_id = any(left_over.rows)
        and not exists (select from metrics.feedback as f where f.conversation_id = l.conversation_id);
      delete from metrics.messages as l
      where l.conversation_id = any(left_over.rows) and l.session_key is null and not l.has_feedback;
    end if;
    pending := left_over.ids;
    exit when pending is null;
  end loop;
end; $$;

comment on function metrics.apply_feedback(anyarray) is
  'Brings the ledger and the metrics up to date with feedback rows (ids, also of rows that are gone). Idempotent.';
