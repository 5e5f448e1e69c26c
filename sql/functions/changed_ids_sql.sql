create or replace function metrics.changed_ids_sql(source metrics.sources) returns text
language sql stable
set search_path = pg_catalog, pg_temp
return metrics.guarded(
  source,
  case
    -- What the row was before cannot be read any more.
    when source.reads_back then format(
      'ids := array(select %1$s from deleted as source union select %1$s from inserted as source);', source.row_key
    ) || format(
      ' perform count(mapped::text) from metrics.source_%s as mapped where mapped.%I = any(ids);',
      source.kind, metrics.id_column(source.kind)
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
  end,
  'select %1$s from deleted as source union select %1$s from inserted as source'
);

comment on function metrics.changed_ids_sql(metrics.sources) is
  'The text by which the trigger of an UPDATE finds the rows whose canonical form changed; leaves their ids in the variable ids.';
