create or replace function metrics.install_empty_mapping(of_kind text) returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
  delete from metrics.sources as s where s.kind = of_kind;
  execute format(
    'create or replace view metrics.source_%s as %s', of_kind,
    case of_kind
      when 'leads' then
        'select null::bigint as lead_id, null::text as organization_id, null::text as session_id, null::text as name, '
        'null::text as email, null::text as company, null::timestamptz as created_at where false'
      else
        format('select null::bigint as feedback_id, null::%s as conversation_id, null::text as organization_id, '
          'null::text as session_id, null::numeric as rating where false',
          metrics.column_definition('metrics.source_messages', 'conversation_id'))
    end
  );
end; $$;

comment on function metrics.install_empty_mapping(text) is
  'Makes a source without leads, or without feedback.';
