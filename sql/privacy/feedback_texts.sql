create or replace function metrics.feedback_texts(
  session_keys uuid[], email text, organization text, no_organization boolean
) returns text[]
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
  ids text[];
begin
  -- Where there is such a column; no mapping reads it.
  if exists (
    select from pg_attribute as a
    where a.attrelid = to_regclass('public.feedback') and a.attname = 'feedback_text' and not a.attisdropped
  ) then
    execute $sql$
      select array_agg(f.id::text order by f.id)
      from public.feedback as f
      left join metrics.feedback as l on l.feedback_id::text = f.id::text
      left join metrics.session_metrics as m on m.session_key = l.session_key
      where f.feedback_text::text <> ''
        and ($3 is null or m.organization_id::text = $3) and (not $4 or m.organization_id is null)
        and (l.session_key = any($1) or f.feedback_text::text ~* $2)
    $sql$ into ids using session_keys, metrics.mail_pattern(email), organization, no_organization;
  end if;
  return coalesce(ids, '{}');
end; $$;

comment on function metrics.feedback_texts(uuid[], text, text, boolean) is
  'Ids of the rows of the adopted table feedback with a text that are a person''s: of these sessions, or with the e-mail address in them.';
