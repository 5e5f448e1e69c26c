create or replace function metrics.extend_readers(names name[] default metrics.current_readers()) returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
  -- A policy asks it on behalf of whoever reads, who learns of nobody else by it.
  grant select on metrics.own_scopes to public;
  perform metrics.grant_reports(reader) from unnest(names) as reader;
end; $$;

comment on function metrics.extend_readers(name[]) is
  'Gives readers the rights that they have on the sources that there are on those attached later as well.';
