create or replace function metrics.base_type(of_type regtype) returns regtype
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
  type oid := of_type;
  base oid;
begin
  loop
    select t.typbasetype into base from pg_type as t where t.oid = type and t.typtype = 'd';
    exit when not found;
    type := base;
  end loop;
  return type;
end; $$;

comment on function metrics.base_type(regtype) is
  'The type that a domain is made of in the end; of any other type, itself.';
