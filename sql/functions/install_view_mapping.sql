create or replace function metrics.install_view_mapping(of_kind text, of_view regclass, given jsonb, parents jsonb) returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  id_column constant text := metrics.id_column(of_kind);
  of_table regclass := (given ->> 'table')::regclass;
  key text := given ->> 'key';
  template text;
  canonical text;
begin
  perform metrics.check_view(of_view, of_kind);
  if of_table is null then
    select o.relation, format('source.%I', o.origin) into of_table, key
    from metrics.view_origins(of_view) as o
    where o.column_name = id_column;
  end if;
  if of_table is null or key is null then
    raise exception 'view %: its % is no column of a table as it stands', of_view, id_column
      using errcode = 'invalid_parameter_value',
        hint = format('Say which table''s rows it shows, and how the id is made of them: keys => {"%s": {"table": "…", "key": "source.…"}}.', of_kind);
  end if;

  -- The view's own text: whoever may replace the view cannot change what runs with our rights.
  canonical := metrics.default_mapping(of_view, of_kind, id_column);
  template := metrics.view_template(of_view, of_table);
  insert into metrics.sources as s (kind, relation, mapping, row_key, is_view, reads_back)
  values (
    of_kind, of_table,
    case when template is not null then replace(canonical, '%s', '(' || template || ')')
      else format(
        'select mapped.* from metrics.source_%s as mapped join (select distinct %s as id from %%s as source) as changed on changed.id = mapped.%I',
        of_kind, replace(key, '%', '%%'), id_column
      )
    end,
    key, true, template is null
  )
  on conflict (kind) do update set
    relation = excluded.relation, mapping = excluded.mapping, row_key = excluded.row_key,
    is_view = true, reads_back = excluded.reads_back;
  -- Without the rows that the view fails on, or nobody could read the others.
  execute format(
    'create or replace view metrics.source_%1$s as %2$s and not exists (select from metrics.failed_rows as failed where failed.kind = %1$L and failed.row_id = source.%3$I::text)',
    of_kind, format(canonical, '(' || rtrim(pg_get_viewdef(of_view), '; ') || ')'), id_column
  );
  execute format('comment on view metrics.source_%s is %L', of_kind,
    format('The rows of %s as canonical %s rows, by the view %s as it was when it was attached.', of_table, of_kind, of_view));

  insert into metrics.parents (kind, relation, columns, children, by_foreign_key)
  select of_kind, t.relation, t.columns, children.query, not parents ? t.relation::text
  from metrics.view_tables(of_view) as t
  cross join lateral (
    select case
      when parents ? t.relation::text then parents ->> t.relation::text
      else metrics.children_query(of_table, key, t.relation)
    end
  ) as children (query)
  where t.relation <> of_table and children.query is not null;
  perform metrics.check_lookups(of_kind, of_view, parents);
end; $$;

comment on function metrics.install_view_mapping(text, regclass, jsonb, jsonb) is
  'Takes the mapping of one kind from a view: its text over the table, and over the transition tables of the triggers, and the parents that it reads.';
