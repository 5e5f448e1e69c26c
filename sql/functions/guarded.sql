-- A mapping of the application's own making may fail on a row; its write must not. Only the reading is
-- guarded, by a subtransaction that writes nothing and so takes no transaction id.
create or replace function metrics.guarded(source metrics.sources, reading text, ids_query text) returns text
language sql stable
set search_path = pg_catalog, pg_temp
return case when not source.is_view then reading else
  format(
    $sql$
      begin
        %s
      exception when others then
        if sqlstate like '40%%' or sqlstate like '57%%' then
          raise;
        end if;
        perform metrics.sync_each(%L, array(%s));
        return null;
      end;
    $sql$,
    reading, source.kind, format(ids_query, source.row_key)
  )
end;

comment on function metrics.guarded(metrics.sources, text, text) is
  'The text of a trigger function''s step that reads a mapping: where it fails, the statement''s rows (ids_query, with %s for the id) are counted one by one, and the failing ones recorded.';
