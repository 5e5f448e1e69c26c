create or replace function metrics.confine(organization text) returns boolean
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  reader constant name := metrics.api_reader();
begin
  if reader is null then
    return false;
  end if;
  perform
    set_config('role', reader, true),
    set_config('conversation_metrics.organization', coalesce(organization, ''), true),
    set_config('conversation_metrics.no_organization', (organization is null)::text, true);
  return true;
end; $$;

comment on function metrics.confine(text) is
  'Until the end of the transaction it reads this organization alone (NULL: the rows without one), by the role metrics.api_reader(). False, and nothing changes, where there is none.';
