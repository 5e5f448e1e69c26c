-- Also of a view with canonical column names, whose id is called by its canonical name.
create or replace function metrics.default_mapping(of_table regclass, kind text, id_name text default 'id') returns text
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
  columns text[];
begin
  case kind
    when 'messages' then
      columns := array[
        metrics.mapped_column(of_table, id_name, 'row', 'conversation_id'),
        metrics.mapped_column(of_table, 'organization_id', 'key'),
        metrics.mapped_column(of_table, 'session_id', 'key'),
        metrics.mapped_column(of_table, 'widget_id', 'value'),
        metrics.mapped_column(of_table, 'user_id', 'value'),
        metrics.mapped_column(of_table, 'role', 'text'),
        metrics.mapped_column(of_table, 'message', 'text'),
        metrics.mapped_column(of_table, 'response', 'text'),
        metrics.mapped_column(of_table, 'model', 'text'),
        metrics.mapped_column(of_table, 'prompt_tokens', 'tokens'),
        metrics.mapped_column(of_table, 'completion_tokens', 'tokens'),
        metrics.mapped_column(of_table, 'created_at', 'time'),
        metrics.mapped_column(of_table, 'responded_at', 'time')
      ];
    when 'leads' then
      columns := array[
        metrics.mapped_column(of_table, id_name, 'row', 'lead_id'),
        metrics.mapped_column(of_table, 'organization_id', 'key'),
        metrics.mapped_column(of_table, 'session_id', 'key'),
        metrics.mapped_column(of_table, 'name', 'text'),
        metrics.mapped_column(of_table, 'email', 'text'),
        metrics.mapped_column(of_table, 'company', 'text'),
        metrics.mapped_column(of_table, 'created_at', 'time')
      ];
    when 'feedback' then
      columns := array[
        metrics.mapped_column(of_table, id_name, 'row', 'feedback_id'),
        metrics.mapped_reference(of_table, 'conversation_id'),
        metrics.mapped_column(of_table, 'organization_id', 'key'),
        metrics.mapped_column(of_table, 'session_id', 'key'),
        metrics.mapped_column(of_table, 'rating', 'rating')
      ];
  end case;
  -- A row without an id cannot be told from others: it is left out rather than failing the write.
  return 'select ' || replace(array_to_string(columns, ', '), '%', '%%') || ' from %s as source where ' || format('source.%I is not null', id_name)
    || case when kind <> 'feedback' then ' and source.session_id is not null' else '' end;
end; $$;

comment on function metrics.default_mapping(regclass, text, text) is
  'The mapping of a table with the default column names to canonical rows, as a query with %s in the place of the table. id_name: what its id is called.';
