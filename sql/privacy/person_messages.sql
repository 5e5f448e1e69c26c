create or replace function metrics.person_messages(
  of_source text, session_keys uuid[], email text, user_id text, organization text, no_organization boolean
) returns text[]
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
  ids text[];
begin
  execute format(
    $sql$
    select array_agg(x.conversation_id::text order by x.conversation_id)
    from %1$I.source_messages as x
    where (coalesce(x.message, '') <> '' or coalesce(x.response, '') <> '')
      and ($4 is null or x.organization_id::text = $4) and (not $5 or x.organization_id is null)
      and (
        metrics.session_key(x.organization_id::text, x.session_id::text) = any($1)
        or x.user_id::text = $3
        or x.message ~* $2 or x.response ~* $2
      )
    $sql$,
    metrics.source_schema(of_source)
  ) into ids using session_keys, metrics.mail_pattern(email), user_id, organization, no_organization;
  return coalesce(ids, '{}');
end; $$;

comment on function metrics.person_messages(text, uuid[], text, text, text, boolean) is
  'Ids of the message rows with a text that are a person''s: of these sessions, of the user, or with the e-mail address in them.';
