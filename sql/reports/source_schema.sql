create or replace function metrics.source_schema(source text) returns name
language plpgsql stable parallel safe
set search_path = pg_catalog, pg_temp
as $$
declare
  found_schema constant name := (select a.schema_name from metrics.attachments as a where a.name = source_schema.source);
begin
  if found_schema is null then
    raise exception 'there is no source named "%"', source
      using errcode = 'invalid_parameter_value',
        hint = 'There are: ' || coalesce((select string_agg(a.name, ', ' order by a.name) from metrics.attachments as a), 'none');
  end if;
  return found_schema;
end; $$;

comment on function metrics.source_schema(text) is 'The schema of a source''s ledgers; an error for a source that is not there.';
