create or replace function metrics.check_reader(role name) returns regrole
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
  candidate pg_roles;
  owner constant oid := (select c.relowner from pg_class as c where c.oid = 'metrics.readers'::regclass);
begin
  select r.* into candidate from pg_roles as r where r.rolname = check_reader.role;
  if candidate.rolname is null then
    raise exception 'there is no role named %', quote_ident(role)
      using errcode = 'undefined_object', hint = format('create role %I', role);
  elsif candidate.rolsuper or candidate.rolbypassrls or pg_has_role(candidate.oid, owner, 'member') then
    raise exception 'role % is not bound by row-level security: it %', quote_ident(role),
        case when candidate.rolsuper then 'is a superuser' when candidate.rolbypassrls then 'has BYPASSRLS'
          else format('is, or is a member of, the owner of the metrics, %I', owner::regrole) end
      using errcode = 'invalid_grant_operation', hint = 'Give another role to whoever is to read some organizations alone.';
  end if;
  return candidate.oid;
end; $$;

comment on function metrics.check_reader(name) is
  'The role, or an error where there is none, or where no policy binds it.';
