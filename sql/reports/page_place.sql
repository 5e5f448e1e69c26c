create or replace function metrics.page_place(
  after text, sort text, descending boolean, out value text, out session_key uuid
)
language plpgsql immutable parallel safe
set search_path = pg_catalog, pg_temp
set standard_conforming_strings = on
as $$
declare
  place jsonb;
begin
  if after is null then
    return;
  end if;
  -- What a cursor looks like, so that nothing below can fail on it.
  if after !~ '^\["[a-z_]+", (true|false), (null|"([^"\\]|\\.)*"), "[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"\]$' then
    raise exception 'this is no cursor of report_conversations'
      using errcode = 'invalid_parameter_value', hint = 'Give the column cursor of a page''s last row as it is.';
  end if;
  place := after::jsonb;
  if place ->> 0 <> sort or (place ->> 1)::boolean is distinct from descending then
    raise exception 'this cursor is one of another order: by %, descending: %', place ->> 0, place ->> 1
      using errcode = 'invalid_parameter_value', hint = 'Go on in the order that the first page had.';
  end if;
  value := place ->> 2;
  session_key := (place ->> 3)::uuid;
end; $$;

comment on function metrics.page_place(text, text, boolean) is
  'What a cursor of report_conversations stands for: the sort value and key of the last row seen; NULLs for the first page.';
