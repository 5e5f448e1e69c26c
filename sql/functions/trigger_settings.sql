-- The text of a view is parsed and planned in the writer's session, whose settings may read a backslash in it
-- otherwise, or join its tables in the order in which they stand there. The text over a table's own columns has neither,
-- and each SET takes its time at every statement.
create or replace function metrics.trigger_settings(is_view boolean) returns text
language sql immutable
set search_path = pg_catalog, pg_temp
begin atomic
  select 'set search_path = pg_catalog, pg_temp' || case when is_view then
    ' set standard_conforming_strings = on set join_collapse_limit = 8 set from_collapse_limit = 8'
  else '' end;
end;

comment on function metrics.trigger_settings(boolean) is
  'The settings of a trigger function that holds the text of a mapping: by a view, or by a table''s columns.';
