-- The view's own text as PostgreSQL writes it, every name with its schema. The triggers put their
-- transition table where it reads the table: that saves reading the row again, a quarter of an INSERT.
create or replace function metrics.view_template(of_view regclass, of_table regclass) returns text
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
  definition constant text := replace(rtrim(pg_get_viewdef(of_view), '; '), '%', '%%');
  name constant text := (
    select replace(format('%I.%I', n.nspname, c.relname), '%', '%%')
    from pg_class as c join pg_namespace as n on n.oid = c.relnamespace
    where c.oid = of_table
  );
  -- What the view calls its columns by where it gives the table no other name.
  table_name constant text := (
    select replace(quote_ident(c.relname), '%', '%%') from pg_class as c where c.oid = of_table
  );
  -- The name as a pattern, and not as a part of a longer one.
  pattern constant text := regexp_replace(name, '([^a-zA-Z0-9_])', '\\\1', 'g') || '(?![a-zA-Z0-9_"$.])';
  alias text;
begin
  -- Once in all, and there to be read from; and nothing that looks at several rows.
  if (select count(*) from regexp_matches(definition, pattern, 'g')) <> 1
    or definition !~ ('(FROM|JOIN)[ (]+' || pattern)
    or exists (
      select from pg_rewrite as r
      where r.ev_class = of_view
        and r.ev_action::text ~ ':(hasAggs|hasWindowFuncs|hasDistinctOn|hasRecursive) true|:(groupClause|distinctClause|setOperations|limitCount|limitOffset) [^<]'
    )
  then
    return null;
  end if;
  alias := (regexp_match(
    definition,
    pattern || '\s+((?!(?:JOIN|LEFT|RIGHT|FULL|INNER|CROSS|NATURAL|WHERE|GROUP|HAVING|WINDOW|ORDER|LIMIT|OFFSET|FETCH|FOR|UNION|INTERSECT|EXCEPT|ON|USING|TABLESAMPLE)\M)(?:[a-z_][a-z0-9_$]*|"(?:[^"]|"")+"))'
  ))[1];
  return replace(definition, name, case when alias is null then '%s ' || table_name else '%s' end);
end; $$;

comment on function metrics.view_template(regclass, regclass) is
  'A view''s text with %s in the place of a table that it reads once; NULL where that cannot be: it reads the table more than once, through another view, or many rows at a time.';
