-- Nothing in it depends on the row but the comparison itself: the planner asks once for each statement.
create or replace function metrics.scope_condition(of_source text, organization text) returns text
language sql stable
set search_path = pg_catalog, pg_temp
return format(
  $sql$
  (select coalesce(bool_or(s.is_all), false) from metrics.own_scopes as s where s.source is null or s.source = %1$L)
  or (%2$s)::text in (
    select s.organization_id from metrics.own_scopes as s
    where s.organization_id is not null and (s.source is null or s.source = %1$L)
  )
  or (
    %2$s is null
    and (select coalesce(bool_or(s.is_none), false) from metrics.own_scopes as s where s.source is null or s.source = %1$L)
  )
  $sql$,
  of_source, organization
);

comment on function metrics.scope_condition(text, text) is
  'The condition, as SQL, under which a row of a source with this organization (an expression) is for the role that asks.';
