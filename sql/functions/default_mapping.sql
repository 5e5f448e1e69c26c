create or replace function metrics.default_mapping(of_table regclass, kind text) returns text
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
  id_type constant text := metrics.column_type('public.conversations', 'id');
  columns text[];
  filter text;
begin
  case kind
    when 'messages' then
      columns := array[
        metrics.mapped_column(of_table, 'id', 'id', 'conversation_id'),
        metrics.mapped_column(of_table, 'organization_id', 'id'),
        metrics.mapped_column(of_table, 'session_id', 'id'),
        metrics.mapped_column(of_table, 'widget_id', 'id'),
        metrics.mapped_column(of_table, 'user_id', 'id'),
        metrics.mapped_column(of_table, 'role', 'text'),
        metrics.mapped_column(of_table, 'message', 'text'),
        metrics.mapped_column(of_table, 'response', 'text'),
        metrics.mapped_column(of_table, 'model', 'text'),
        metrics.mapped_column(of_table, 'prompt_tokens', 'tokens'),
        metrics.mapped_column(of_table, 'completion_tokens', 'tokens'),
        metrics.mapped_column(of_table, 'created_at', 'time'),
        metrics.mapped_column(of_table, 'responded_at', 'time')
      ];
      filter := 'source.session_id is not null';
    when 'leads' then
      columns := array[
        metrics.mapped_column(of_table, 'id', 'id', 'lead_id'),
        metrics.mapped_column(of_table, 'organization_id', 'id'),
        metrics.mapped_column(of_table, 'session_id', 'id'),
        metrics.mapped_column(of_table, 'name', 'text'),
        metrics.mapped_column(of_table, 'email', 'text'),
        metrics.mapped_column(of_table, 'company', 'text'),
        metrics.mapped_column(of_table, 'created_at', 'time')
      ];
      filter := 'source.session_id is not null';
    when 'feedback' then
      columns := array[
        metrics.mapped_column(of_table, 'id', 'id', 'feedback_id'),
        -- Of the message row's type, so that the join needs no cast.
        case when metrics.column_type(of_table, 'conversation_id') is null
          then format('null::%s as conversation_id', id_type)
          else format('source.conversation_id::%s as conversation_id', id_type) end,
        metrics.mapped_column(of_table, 'organization_id', 'id'),
        metrics.mapped_column(of_table, 'session_id', 'id'),
        metrics.mapped_column(of_table, 'rating', 'rating')
      ];
      filter := 'true';
  end case;
  return 'select ' || array_to_string(columns, ', ') || ' from %s as source where ' || filter;
end; $$;

comment on function metrics.default_mapping(regclass, text) is
  'The mapping of a table with the default column names to canonical rows, as a query with %s in the place of the table.';
