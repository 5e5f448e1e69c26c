-- By their columns, so that no table of ours that is made later is forgotten. What the triggers keep is not among them.
create or replace function metrics.erase_copies(
  of_schema name, email text, user_id text, organization text, no_organization boolean, dry_run boolean
) returns bigint
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  scope constant text := format(
    '(%1$L is null or organization_id::text = %1$L) and (not %2$L or organization_id is null)', organization, no_organization
  );
  target regclass;
  number bigint := 0;
begin
  for target in
    select c.oid
    from pg_class as c
    where c.relkind in ('r', 'p') and not c.relispartition
      and (
        c.relnamespace = quote_ident(of_schema)::regnamespace
        or (of_schema = 'metrics' and c.relnamespace = 'public'::regnamespace and starts_with(c.relname, 'conversation_metrics_'))
      )
      and c.relname not in ('conversation_metrics', 'conversation_metrics_archive')
      and 6 = (
        select count(*) from pg_attribute as a
        where a.attrelid = c.oid and not a.attisdropped
          and a.attname in ('session_key', 'organization_id', 'user_id', 'lead_name', 'lead_email', 'lead_company')
      )
  loop
    number := number
      + metrics.erase_columns(target, '{lead_name,lead_email,lead_company}', format(
        '%s and concat_ws('' '', lead_name, lead_email, lead_company) ~* %L', scope, metrics.mail_pattern(email)), dry_run)
      + metrics.erase_columns(target, '{user_id}', format('%s and user_id::text = %L', scope, erase_copies.user_id), dry_run);
  end loop;
  return number;
end; $$;

comment on function metrics.erase_copies(name, text, text, text, boolean, boolean) is
  'Erases a person from tables of a source that hold metrics rows which no trigger changes any more: those with the columns of conversation_metrics that name somebody.';
