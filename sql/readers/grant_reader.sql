-- Only rows of a table change and rights: a policy for each role would lock out every writer while it is made.
create or replace function metrics.grant_reader(
  to_role name,
  organizations text[] default '{}',
  no_organization boolean default false,
  all_organizations boolean default false,
  by_setting boolean default false,
  source text default null,
  reads text default 'reports'
) returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  reader constant regrole := metrics.check_reader(to_role);
begin
  if reads not in ('rows', 'reports', 'texts') or reads is null then
    raise exception 'reads cannot be %', coalesce(quote_literal(reads), 'NULL')
      using errcode = 'invalid_parameter_value', hint = 'rows, reports or texts.';
  elsif cardinality(array_remove(organizations, null)) = 0
    and not coalesce(no_organization, false) and not coalesce(all_organizations, false) and not coalesce(by_setting, false)
  then
    raise exception 'it is not said what % may read', quote_ident(to_role)
      using errcode = 'invalid_parameter_value',
        hint = 'organizations => ''{7,8}'', no_organization => true, all_organizations => true, or by_setting => true.';
  end if;
  if source is not null then
    perform metrics.source_schema(source);
  end if;
  delete from metrics.readers as r where not exists (select from pg_roles as p where p.oid = r.role);
  insert into metrics.readers as r (role, source, scope, organization_id, reads)
  select reader, grant_reader.source, given.scope, given.organization_id, grant_reader.reads
  from (
    select distinct 'organization', o from unnest(organizations) as o where o is not null
    union all select 'none', null where no_organization
    union all select 'all', null where all_organizations
    union all select 'setting', null where by_setting
  ) as given (scope, organization_id)
  -- Never less than before: the rights that it has would stay, and the entry would hide them.
  on conflict on constraint readers_entry_key do update set reads = case
    when 'texts' in (r.reads, excluded.reads) then 'texts'
    when 'reports' in (r.reads, excluded.reads) then 'reports'
    else excluded.reads
  end;
  perform metrics.grant_reports(to_role);
end; $$;

comment on function metrics.grant_reader(name, text[], boolean, boolean, boolean, text, text) is
  'Lets a role read some organizations, beside those that it reads already: grant_reader(''bi_acme'', organizations => ''{7,8}''). no_organization: the rows whose organization is NULL. by_setting: whatever set conversation_metrics.organization says, which trusts whoever uses the role. source: of one source only. reads: rows (the rights are given by hand), reports (no text of a message), texts.';
