create or replace function metrics.changed_ids_sql(source metrics.sources) returns text
language sql stable
set search_path = pg_catalog, pg_temp
return metrics.guarded(
  source,
  (case
    -- What the row was before cannot be read any more.
    when source.reads_back then format(
      'ids := array(select %1$s from deleted as source union select %1$s from inserted as source);', source.row_key
    ) || format(
      ' perform count(mapped::text) from metrics.source_%s as mapped where mapped.%I = any(ids);',
      source.kind, metrics.id_column(source.kind)
    )
    -- Nor what it was by a parent that is gone: ON DELETE SET NULL changes the row when its parent is
    -- deleted already. So whatever changed in what the view uses of it; what stays the same changes nothing.
    when exists (select from metrics.parents as p where p.kind = source.kind) then (
      select format(
        $sql$
        ids := array(
          with old_rows as materialized (select %1$s as id, (select used from (select %2$s) as used) as used from deleted as source),
          new_rows as materialized (select %1$s as id, (select used from (select %2$s) as used) as used from inserted as source)
          select n.id from new_rows as n where not exists (select from old_rows as o where o.id = n.id and o.used *= n.used)
          union
          select o.id from old_rows as o where not exists (select from new_rows as n where n.id = o.id and n.used *= o.used)
        );
        perform count(mapped::text) from (%3$s) as mapped;
        $sql$,
        source.row_key, (select string_agg(format('source.%I', name), ', ') from unnest(t.columns) as name),
        format(source.mapping, 'inserted')
      )
      from metrics.view_tables(('metrics.source_' || source.kind)::regclass) as t
      where t.relation = source.relation
    )
    else format(
      $sql$
      ids := array(
        select coalesce(after.%1$I, before.%1$I)
        from (%2$s) as before
        full join (%3$s) as after on after.%1$I = before.%1$I
        -- By image: two values of a type may be equal and differ (texts by their collation).
        where before.%1$I is null or after.%1$I is null or before *<> after
      );
      $sql$,
      metrics.id_column(source.kind), format(source.mapping, 'deleted'), format(source.mapping, 'inserted')
    )
  end)
  || case when source.is_view then format(
    $sql$
        -- They can be read now.
        if exists (select from metrics.failed_rows) then
          delete from metrics.failed_rows as f where f.kind = %L and f.row_id = any(ids::text[]);
        end if;
    $sql$, source.kind
  ) else '' end,
  'select %1$s from deleted as source union select %1$s from inserted as source'
);

comment on function metrics.changed_ids_sql(metrics.sources) is
  'The text by which the trigger of an UPDATE finds the rows whose canonical form changed; leaves their ids in the variable ids.';
