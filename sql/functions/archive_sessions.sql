-- What a transaction under way has locked stays for the next time: no write waits for this one while it
-- waits for that write. A write that comes to a row just then waits for the end of this batch.
create or replace function metrics.archive_sessions(max_sessions integer default 1000) returns integer
language plpgsql
set search_path = pg_catalog, pg_temp
set jit = off
as $archive$
declare
  due constant text := $sql$
    exists (
      select
      from metrics.archive_rules as r
      where (r.is_default or r.organization_id is not distinct from m.organization_id::text)
        and r.archive_after is not null
        and greatest(m.conversation_end, m.conversation_start) < now() - r.archive_after
        -- Its own rule before the default.
        and (not r.is_default or not exists (
          select from metrics.archive_rules as own
          where not own.is_default and own.organization_id is not distinct from m.organization_id::text
        ))
    )
    -- The worker writes its counts to conversation_metrics.
    and (m.estimated_messages = 0 or not exists (
      select from metrics.messages as l
      where l.session_key = m.session_key and 'estimate' in (l.prompt_source, l.completion_source)
    ))
  $sql$;
  columns constant text := (
    select string_agg(quote_ident(a.attname), ', ' order by a.attnum)
    from pg_attribute as a
    where a.attrelid = 'public.conversation_metrics'::regclass and a.attnum > 0 and not a.attisdropped and a.attgenerated = ''
  );
  candidates uuid[];
  referring text;
  archived integer;
begin
  if not pg_try_advisory_xact_lock(hashtextextended('metrics.archive', 0)) then
    return 0;
  end if;
  -- In the order of metrics.forget_messages, or a TRUNCATE would wait for the metrics while it keeps these.
  lock table metrics.messages in access share mode;
  lock table metrics.sessions in row exclusive mode;
  execute format(
    $sql$
    select array(
      select m.session_key
      from public.conversation_metrics as m
      where m.conversation_start < now() - (select min(r.archive_after) from metrics.archive_rules as r) and %s
      order by m.conversation_start
      limit $1
    )
    $sql$,
    due
  ) into candidates using max_sessions;
  select string_agg(c.conrelid::regclass::text, ', ' order by c.oid) into referring
  from pg_constraint as c
  where c.contype = 'f' and c.confrelid = 'public.conversation_metrics'::regclass and cardinality(candidates) > 0;
  if referring is not null then
    -- They would refuse each move, or, ON DELETE CASCADE, lose their rows by it.
    raise exception 'sessions cannot be archived while a foreign key refers to conversation_metrics: that of %', referring
      using errcode = 'dependent_objects_still_exist',
        hint = 'Drop it: the key of a session stays the same in the archive (metrics.session_metrics has both). Or take the rules away: npx conversation-metrics archive unset.';
  end if;
  candidates := array(
    select locked.session_key
    from (
      select s.session_key from metrics.sessions as s where s.session_key = any(candidates)
      order by s.session_key for update skip locked
    ) as locked
  );
  -- Under that lock the general way cannot come in between, and the shortest one has the row's own lock.
  execute format(
    $sql$
    with held as materialized (
      select m.session_key from public.conversation_metrics as m
      where m.session_key = any($1) and %1$s
      order by m.session_key for update skip locked
    ),
    moved as (
      delete from public.conversation_metrics as m using held where m.session_key = held.session_key returning m.*
    ),
    added as (
      insert into public.conversation_metrics_archive (%2$s) select %2$s from moved
    )
    update metrics.sessions as s set is_archived = true from moved where s.session_key = moved.session_key
    $sql$,
    due, columns
  ) using candidates;
  get diagnostics archived = row_count;
  return archived;
end; $archive$;

comment on function metrics.archive_sessions(integer) is
  'Moves up to max_sessions sessions that metrics.archive_rules calls old to conversation_metrics_archive, those that began first before the others, and returns how many. Sessions whose tokens are not all counted yet stay. Waits for no writer but a TRUNCATE.';
