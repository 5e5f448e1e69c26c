-- The newest rows, where a write past the triggers would be, and a slice of all sessions in turn.
create or replace function metrics.check_sessions(newest integer default 1000, slice integer default 1000)
returns metrics.checks
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  slice_after constant uuid := (select c.up_to from metrics.checks as c order by c.check_id desc limit 1);
  recent_ids constant metrics.token_batches.conversation_ids%type := array(
    select s.conversation_id from metrics.source_messages as s order by s.conversation_id desc limit newest
  );
  sliced constant uuid[] := array(
    select m.session_key from metrics.session_metrics as m
    where slice_after is null or m.session_key > slice_after
    order by m.session_key limit slice
  );
  keys constant uuid[] := array(select unnest(sliced) union select unnest(metrics.sessions_of_messages(recent_ids)));
  no_ids constant metrics.token_batches.conversation_ids%type := '{}';
  drifted uuid[];
  details jsonb;
  healed integer;
  result metrics.checks;
begin
  perform metrics.follow_parents();
  perform metrics.retry_failed_rows();
  select array_agg(d.session_key), coalesce(jsonb_agg(d.detail) filter (where d.number <= 20), '[]')
  into drifted, details
  from (
    select found.session_key, row_number() over () as number, jsonb_build_object(
      'organization_id', m.organization_id, 'session_id', m.session_id, 'columns', found.columns
    ) as detail
    from (
      select d.session_key, array_agg(d.column_name order by d.column_name) as columns
      from metrics.session_drift(keys, recent_ids) as d
      group by d.session_key
    ) as found
    left join metrics.session_metrics as m on m.session_key = found.session_key
  ) as d;

  perform metrics.sync('leads', array(
    select c.lead_id
    from (select s.lead_id from metrics.source_leads as s order by s.lead_id desc limit newest) as recent
    join metrics.counted_leads as c on c.lead_id = recent.lead_id
    left join metrics.leads as l on l.lead_id = c.lead_id
    where (l.session_key, l.created_at, l.name, l.email, l.company)
      is distinct from (c.session_key, c.created_at, c.name, c.email, c.company)
  ));
  perform metrics.sync('feedback', array(
    select c.feedback_id
    from (select s.feedback_id from metrics.source_feedback as s order by s.feedback_id desc limit newest) as recent
    join metrics.counted_feedback as c on c.feedback_id = recent.feedback_id
    left join metrics.feedback as f on f.feedback_id = c.feedback_id
    where (f.session_key, f.conversation_id, f.rating) is distinct from (c.session_key, c.conversation_id, c.rating)
  ));
  if drifted is not null then
    perform metrics.sync('messages', array(
      select l.conversation_id from unnest(drifted) as key join metrics.messages as l on l.session_key = key
      union
      select unnest(recent_ids)
    ));
    perform metrics.rebuild_sessions(drifted);
  end if;
  healed := coalesce(cardinality(drifted), 0)
    - (select count(distinct d.session_key) from metrics.session_drift(drifted, no_ids) as d);

  -- What could not be counted may have another text now, or be gone.
  delete from metrics.token_retries as r
  where r.retry_at = 'infinity'
    and not exists (
      select from metrics.source_messages as s
      where s.conversation_id = r.conversation_id
        and metrics.text_digest(s.model, s.message, s.response) = r.text_digest
    );
  -- What a row left behind that went before it was counted: nobody who could have seen it is left.
  delete from metrics.messages as l
  where l.session_key is null and not l.has_feedback and l.counted_at < now() - interval '1 day'
    and exists (select from metrics.sources as s where s.kind = 'messages' and s.is_view);
  delete from metrics.checks as c where c.checked_at < now() - interval '30 days';
  delete from metrics.workers as w where w.seen_at < now() - interval '7 days';

  insert into metrics.checks (sessions, drifted, healed, up_to, details)
  values (
    cardinality(keys), coalesce(cardinality(drifted), 0), healed,
    case when cardinality(sliced) = slice then sliced[slice] end, details
  )
  returning * into result;
  return result;
end; $$;

comment on function metrics.check_sessions(integer, integer) is
  'The worker''s own check: compares the sessions of the newest message rows and the next slice of all sessions with their source rows, heals what differs (also the newest leads and feedback), and records it in metrics.checks.';
