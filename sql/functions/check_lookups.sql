create or replace function metrics.check_lookups(of_kind text, of_view regclass, parents jsonb) returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  id_column constant text := metrics.id_column(of_kind);
  source metrics.sources;
  parent metrics.parents;
  unfollowed text;
begin
  select * into strict source from metrics.sources as s where s.kind = of_kind;

  select string_agg(t.relation::text, ', ') into unfollowed
  from metrics.view_tables(of_view) as t
  where t.relation <> source.relation
    and not parents ? t.relation::text
    and not exists (select from metrics.parents as p where p.kind = of_kind and p.relation = t.relation);
  if unfollowed is not null then
    raise exception 'view % reads %, and no foreign key leads there from %', of_view, unfollowed, source.relation
      using errcode = 'invalid_parameter_value',
        hint = format('Say which rows hang on a changed one: parents => {"%s": "select source.… from changed join %s as source on …"}; or null in the place of the query for a table that never changes.',
          split_part(unfollowed, ',', 1), source.relation);
  end if;

  if metrics.scans_table(format(
    'select from (select case when random() < 2 then null::%1$s end as id offset 0) as wanted join metrics.source_%2$s as s on s.%3$I = wanted.id',
    metrics.column_type(('metrics.source_' || of_kind)::regclass, id_column), of_kind, id_column
  ), source.relation) then
    raise exception 'view %: no index of % serves a lookup by %', of_view, source.relation, id_column
      using errcode = 'invalid_table_definition',
        hint = format('Each write would read the whole table. Add one: create unique index on %s ((%s)).',
          source.relation, replace(source.row_key, 'source.', ''));
  end if;
  for parent in select * from metrics.parents as p where p.kind = of_kind loop
    if metrics.scans_table(
      format('with changed as (select * from %s limit 1) %s', parent.relation, parent.children), source.relation
    ) then
      raise exception 'view %: no index of % leads from a row of % to those that hang on it', of_view, source.relation, parent.relation
        using errcode = 'invalid_table_definition',
          hint = format('A change there would read the whole table. Create an index on the columns by which it is joined: %s', parent.children);
    end if;
  end loop;
end; $$;

comment on function metrics.check_lookups(text, regclass, jsonb) is
  'Raises an error where the mapping reads a table whose changes nobody would notice, or where a write would have to read a whole table.';
