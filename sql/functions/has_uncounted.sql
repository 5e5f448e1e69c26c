create or replace function metrics.has_uncounted() returns boolean
language sql stable
set search_path = pg_catalog, pg_temp
begin atomic
  select exists (
      select from metrics.counted_messages as c
      where not exists (select from metrics.messages as l where l.conversation_id = c.conversation_id)
    )
    or exists (
      select from metrics.counted_leads as c
      where not exists (select from metrics.leads as l where l.lead_id = c.lead_id)
    )
    or exists (
      select from metrics.counted_feedback as c
      where not exists (select from metrics.feedback as l where l.feedback_id = c.feedback_id)
    );
end;

comment on function metrics.has_uncounted() is
  'Whether a source row was never counted: the ledger has no entry for it. metrics.backfill_batch counts such rows and blocks no writer; what differs otherwise takes metrics.repair.';
