-- By index only, so that it costs the same in a database of any size. metrics.conversation_metrics_drift checks all.
create or replace function metrics.sample_drift(sample integer) returns bigint
language plpgsql stable
set search_path = pg_catalog, pg_temp
set enable_hashjoin = off
set enable_mergejoin = off
set enable_seqscan = off
as $$
declare
  keys constant uuid[] := array(
    select m.session_key from public.conversation_metrics as m
    order by m.conversation_id desc limit sample
  );
begin
  return (
    -- metrics row against ledger
    select count(*)
    from unnest(keys) as key
    cross join lateral metrics.session_total(key) as total
    join public.conversation_metrics as m on m.session_key = key
    where (m.message_rows, m.user_messages, m.ai_messages, m.prompt_tokens, m.completion_tokens,
        m.estimated_messages, m.open_rows, m.response_count, m.response_us_sum)
      is distinct from
      (total.message_rows, total.user_messages, total.ai_messages, total.prompt_tokens, total.completion_tokens,
        total.estimated_messages, total.open_rows, total.response_count, total.response_us_sum)
  ) + (
    -- ledger against source rows
    select count(*)
    from unnest(keys) as key
    join metrics.messages as l on l.session_key = key
    left join metrics.counted_messages as c on c.conversation_id = l.conversation_id
    where (l.session_key, l.created_at, l.ended_at, l.user_messages, l.ai_messages)
      is distinct from (c.session_key, c.created_at, c.ended_at, c.user_messages, c.ai_messages)
  ) + (
    -- the newest source rows against the ledger
    select count(*)
    from (select s.conversation_id from metrics.source_messages as s order by s.conversation_id desc limit sample) as newest
    left join metrics.messages as l on l.conversation_id = newest.conversation_id
    where l.session_key is null
  );
end; $$;

comment on function metrics.sample_drift(integer) is
  'How many differences there are between source, ledger and metrics in the newest sessions and message rows.';
