create or replace view metrics.lead_drift as
  select
    coalesce(actual.lead_id, l.lead_id) as lead_id,
    actual.session_key,
    l.session_key as counted_session_key
  from metrics.counted_leads as actual
  full join metrics.leads as l on l.lead_id = actual.lead_id
  where (l.session_key, l.created_at, l.name, l.email, l.company)
    is distinct from (actual.session_key, actual.created_at, actual.name, actual.email, actual.company);

comment on view metrics.lead_drift is
  'The lead rows whose entry in the ledger metrics.leads differs from their source row, is missing, or stands for no row; with the session it belongs to and the one it was counted in.';
