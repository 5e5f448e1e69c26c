create or replace function metrics.fail_token_counts(batch bigint, failures jsonb) returns void
language sql
set search_path = pg_catalog, pg_temp
begin atomic
  insert into metrics.token_retries as r (conversation_id, attempts, retry_at, error, text_digest)
  select
    failed.conversation_id, 1, clock_timestamp() + interval '4 seconds', failed.error,
    metrics.text_digest(s.model, s.message, s.response)
  from jsonb_populate_recordset(null::metrics.token_retries, failures) as failed
  join metrics.source_messages as s on s.conversation_id = failed.conversation_id
  where exists (select from metrics.token_batches as b where b.batch_id = batch)
  on conflict (conversation_id) do update set
    -- Another text than the one that failed before begins anew.
    attempts = case when r.text_digest = excluded.text_digest then r.attempts + 1 else 1 end,
    retry_at = case
      when r.text_digest is distinct from excluded.text_digest then excluded.retry_at
      when r.attempts >= 4 then 'infinity'
      else clock_timestamp() + interval '4 seconds' * 4 ^ r.attempts
    end,
    error = excluded.error,
    text_digest = excluded.text_digest;
end;

comment on function metrics.fail_token_counts(bigint, jsonb) is
  'Records which rows of a batch could not be counted (an array of conversation_id and error). Each is tried again after 4, 16, 64 and 256 seconds, then given up until its text changes: it stays an estimate.';
