create or replace function metrics.person_sessions(
  of_source text, email text, user_id text, organization text, no_organization boolean
) returns table (session_keys uuid[], lead_ids text[], named text[])
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
  ledger constant name := metrics.source_schema(of_source);
begin
  -- From the source: also a lead that is no session's latest, whose name is in the ledger alone.
  return query execute format(
    $sql$
    with own as (
      select metrics.session_key(l.organization_id::text, l.session_id::text) as session_key, l.lead_id::text as lead_id
      from %1$I.source_leads as l
      where (lower(btrim(l.email)) = lower(btrim($1)) or concat_ws(' ', l.email, l.name, l.company) ~* $2)
        and ($4 is null or l.organization_id::text = $4) and (not $5 or l.organization_id is null)
    ),
    seen as (
      select m.session_key, m.session_id::text ~* $2 as is_named, m.session_id::text as session_id
      from %1$I.session_metrics as m
      where (m.session_id::text ~* $2 or m.user_id::text = $3)
        and ($4 is null or m.organization_id::text = $4) and (not $5 or m.organization_id is null)
    )
    select
      array(select session_key from own union select session_key from seen),
      array(select lead_id from own order by 1),
      array(select session_id from seen where is_named order by 1)
    $sql$,
    ledger
  ) using email, metrics.mail_pattern(email), user_id, organization, no_organization;
end; $$;

comment on function metrics.person_sessions(text, text, text, text, boolean) is
  'The sessions of a person: those with a lead of the address, those of the user, and those that are called by the address (named); and the ids of those leads.';
