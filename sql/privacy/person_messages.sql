create or replace function metrics.person_messages(
  of_source text, session_keys uuid[], email text, user_id text, organization text, no_organization boolean
) returns table (ids text[], user_ids text[])
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
begin
  -- Every text is read, once: the simple search passes over nearly all of them.
  return query execute format(
    $sql$
    select
      coalesce(array_agg(x.conversation_id::text order by x.conversation_id) filter (
        where (coalesce(x.message, '') <> '' or coalesce(x.response, '') <> '')
          and (
            metrics.session_key(x.organization_id::text, x.session_id::text) = any($1)
            or x.user_id::text in ($3, called.user_id)
            or (strpos(lower(x.message), $6) > 0 and x.message ~* $2)
            or (strpos(lower(x.response), $6) > 0 and x.response ~* $2)
          )
      ), '{}'),
      coalesce(array_agg(distinct called.user_id) filter (where called.user_id <> coalesce($3, '')), '{}')
    from %1$I.source_messages as x
    cross join lateral (
      select case when strpos(lower(x.user_id::text), $6) > 0 and x.user_id::text ~* $2 then x.user_id::text end
    ) as called (user_id)
    where ($4 is null or x.organization_id::text = $4) and (not $5 or x.organization_id is null)
    $sql$,
    metrics.source_schema(of_source)
  ) using session_keys, metrics.mail_pattern(email), user_id, organization, no_organization, lower(btrim(email));
end; $$;

comment on function metrics.person_messages(text, uuid[], text, text, text, boolean) is
  'Ids of the message rows with a text that are a person''s: of these sessions, of the user, or with the e-mail address in them; and the ids of other users that are called by the address.';
