create or replace view metrics.counted_leads as
  select
    source.lead_id,
    metrics.session_key(source.organization_id::text, source.session_id::text) as session_key,
    -- An unknown time never makes a lead the latest while another has a known one.
    coalesce(metrics.known_time(source.created_at), '-infinity') as created_at,
    source.name,
    source.email,
    source.company
  from metrics.source_leads as source;

comment on view metrics.counted_leads is
  'What the ledger metrics.leads should hold, derived from the source rows.';
