create or replace function metrics.sync_feedback(ids anyarray) returns void
language plpgsql
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_hashjoin = off
set enable_mergejoin = off
set enable_seqscan = off
as $$
declare
  pending ids%type := ids;
  keys uuid[];
begin
  loop
    -- Feedback that follows a message row marks that row in the ledger, and leaves an empty one
    -- where it is not there yet: whoever writes, moves or deletes the row then finds the feedback.
    -- Its session may change until the row is locked, hence once more in the next statement.
    keys := metrics.sessions_of_feedback(pending);
    perform metrics.meet_sessions(keys);
    insert into metrics.messages as l (conversation_id, has_feedback)
    select distinct c.conversation_id, true
    from unnest(pending) as id
    join metrics.counted_feedback as c on c.feedback_id = id
    where c.conversation_id is not null
    order by c.conversation_id
    on conflict (conversation_id) do update set has_feedback = true;
    continue when not metrics.sessions_of_feedback(pending) <@ keys;

    with wanted as materialized (
      select distinct id from unnest(pending) as id
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
    -- Also an empty row for one that is gone before the ledger knew it, as in metrics.sync_messages.
    added as (
      insert into metrics.feedback (feedback_id, session_key, conversation_id, rating)
      select wanted.id, new.session_key, new.conversation_id, new.rating
      from wanted
      left join new on new.feedback_id = wanted.id
      where not exists (select from old where old.feedback_id = wanted.id)
      on conflict (feedback_id) do nothing
      returning feedback_id
    )
    select array_agg(wanted.id)
    into pending
    from wanted
    where not exists (select from old where old.feedback_id = wanted.id)
      and not exists (select from added where added.feedback_id = wanted.id);

    perform metrics.apply_extras(keys);
    exit when pending is null;
  end loop;
end; $$;

comment on function metrics.sync_feedback(anyarray) is
  'Brings the ledger and the metrics up to date with these feedback rows (ids, also of rows that are gone). Idempotent.';
