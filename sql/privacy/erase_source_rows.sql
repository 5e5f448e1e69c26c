create or replace function metrics.erase_source_rows(
  of_schema name, email text, user_id text, organization text, no_organization boolean, lead_ids text[], dry_run boolean
) returns table (item text, number bigint, erased boolean, to_do text)
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
  personal constant name[] := '{name,email,phone,company,custom_fields}';
  is_adopted boolean;
  leads_table regclass;
  messages_table regclass;
  users bigint;
begin
  execute format(
    'select bool_and(not s.is_view), max(s.relation::oid) filter (where s.kind = ''leads'')::regclass,
      max(s.relation::oid) filter (where s.kind = ''messages'')::regclass from %I.sources as s', of_schema
  ) into is_adopted, leads_table, messages_table;

  if not is_adopted then
    execute format('select count(*) from %I.source_messages as x where x.user_id::text = $1
      and ($2 is null or x.organization_id::text = $2) and (not $3 or x.organization_id is null)', of_schema)
    into users using erase_source_rows.user_id, organization, no_organization;
    return query values
      ('leads', cardinality(lead_ids)::bigint, false, case when lead_ids <> '{}' then format(
        'These tables are the application''s: it empties what it has of the person in %s, ids %s. The metrics follow at its commit.',
        leads_table, array_to_string(lead_ids, ', ')) end),
      ('rows with the user''s id', users, false, case when users > 0 then format(
        'The application takes the id away where it keeps it for %s. The metrics follow at its commit.', messages_table) end);
    return;
  end if;

  return query select 'leads', metrics.erase_columns(leads_table, personal,
    metrics.person_condition(leads_table, email, user_id, organization, no_organization), dry_run), not dry_run, null;
  if user_id is not null then
    return query select 'rows with the user''s id',
      metrics.erase_columns(messages_table, '{user_id}',
        metrics.person_condition(messages_table, null, user_id, organization, no_organization), dry_run)
      + metrics.erase_columns(leads_table, '{user_id}',
        metrics.person_condition(leads_table, null, user_id, organization, no_organization), dry_run),
      not dry_run, null;
  end if;
end; $$;

comment on function metrics.erase_source_rows(name, text, text, text, boolean, text[], boolean) is
  'Erases a person in the adopted tables of a source; of attached ones, which are never written, it says what the application has to do.';
