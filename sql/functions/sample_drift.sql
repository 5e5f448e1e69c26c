create or replace function metrics.sample_drift(sample integer) returns bigint
language sql stable
set search_path = pg_catalog, pg_temp
begin atomic
  select count(*)
  from metrics.session_drift(
    array(select m.session_key from public.conversation_metrics as m order by m.conversation_id desc limit sample),
    array(select s.conversation_id from metrics.source_messages as s order by s.conversation_id desc limit sample)
  );
end;

comment on function metrics.sample_drift(integer) is
  'How many differences there are between source, ledger and metrics in the newest sessions and message rows.';
