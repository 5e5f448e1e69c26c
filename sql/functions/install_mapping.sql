create or replace function metrics.install_mapping(of_kind text, of_table regclass) returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  query constant text := metrics.default_mapping(of_table, of_kind);
begin
  insert into metrics.sources as s (kind, relation, mapping, row_key, is_view, reads_back)
  values (of_kind, of_table, query, 'source.id', false, false)
  on conflict (kind) do update set relation = excluded.relation, mapping = excluded.mapping;
  execute format('create or replace view metrics.%I as ', 'source_' || of_kind) || format(query, of_table);
  execute format('comment on view metrics.%I is %L', 'source_' || of_kind,
    format('The rows of %s as canonical %s rows: the one place that knows the application''s columns.', of_table, of_kind));
end; $$;

comment on function metrics.install_mapping(text, regclass) is
  'Registers a table as the source of messages, leads or feedback and creates its mapping view.';
