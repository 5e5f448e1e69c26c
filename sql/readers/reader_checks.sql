create or replace function metrics.reader_checks() returns table (check_name text, ok boolean, finding text, cure text)
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
  owner constant oid := (select c.relowner from pg_class as c where c.oid = 'metrics.readers'::regclass);
  problem text;
begin
  select string_agg(c.oid::regclass::text, ', ') into problem
  from metrics.attachments as a
  cross join unnest(array['conversation_metrics', 'conversation_metrics_archive', 'messages', 'leads', 'feedback', 'rollups', 'rollup_changes']) as of_table
  join pg_class as c on c.oid = to_regclass(format('%I.%I',
    case when a.name = 'default' and starts_with(of_table, 'conversation_metrics') then 'public' else a.schema_name end, of_table))
  where not c.relrowsecurity or not exists (select from pg_policy as p where p.polrelid = c.oid and p.polname = 'readers');
  if problem is not null then
    return query select 'readers', false, 'no policy keeps organizations apart on ' || problem,
      'select metrics.secure_source(name) from metrics.attachments';
    return;
  end if;

  select string_agg(distinct p.rolname, ', ') into problem
  from metrics.readers as r
  join pg_roles as p on p.oid = r.role
  where p.rolsuper or p.rolbypassrls or pg_has_role(p.oid, owner, 'member');
  if problem is not null then
    return query select 'readers', false, 'roles that no policy binds any more: ' || problem,
      'alter role … nosuperuser nobypassrls, or take the membership in the owner of the metrics away';
  else
    select string_agg(distinct p.rolname, ', ') into problem
    from pg_roles as p
    where exists (
        select from metrics.attachments as a
        where has_any_column_privilege(p.oid, to_regclass(format('%I.conversation_metrics',
          case a.name when 'default' then 'public' else a.schema_name end)), 'select')
      )
      and not p.rolsuper and not p.rolbypassrls and not pg_has_role(p.oid, owner, 'usage')
      -- Such a one may read every table of anybody's.
      and p.rolname <> 'pg_read_all_data' and not pg_has_role(p.oid, 'pg_read_all_data', 'usage')
      and not exists (select from metrics.readers as r where pg_has_role(p.oid, r.role, 'usage'));
    return query select 'readers', true,
      case when problem is null then (
        select case count(distinct r.role) when 0 then 'nobody but the owner' when 1 then '1 role, its organizations'
          else count(distinct r.role) || ' roles, each its organizations' end
        from metrics.readers as r
      ) else 'granted by hand and without an organization, they see no row: ' || problem end,
      case when problem is not null then 'npx conversation-metrics readers grant' end;
  end if;

  return query select 'organizations over HTTP', true,
    case when metrics.api_reader() is null then 'keys of an organization are kept to it by filters alone'
      else format('keys of an organization read as the role %I, which policies keep to it', metrics.api_reader()) end,
    case when metrics.api_reader() is null then 'To have the database keep them apart too: npx conversation-metrics readers api' end;
end; $$;

comment on function metrics.reader_checks() is
  'Checks that policies keep organizations apart, for roles and for the HTTP API. Each finding comes with its cure.';
