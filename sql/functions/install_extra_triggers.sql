create or replace function metrics.install_extra_triggers(of_kind text) returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $install$
declare
  source metrics.sources;
  id_column constant text := metrics.id_column(of_kind);
begin
  select * into strict source from metrics.sources where kind = of_kind;
  execute format(
    $function$
    create or replace function metrics.tg_%1$s__count() returns trigger
    language plpgsql security definer
    %8$s
    as $trigger$
    declare
      ids %2$s[];
    begin
      case TG_OP
        when 'INSERT' then
          %4$s
        when 'UPDATE' then
          %5$s
        when 'DELETE' then
          ids := array(%6$s);
        else
          perform metrics.require_current_snapshot();
          ids := array(
            select l.%3$I from metrics.%1$s as l
            where not exists (select from metrics.source_%1$s as s where s.%3$I = l.%3$I)
          );
      end case;
      if cardinality(ids) > 0 then
        perform metrics.%7$s(%1$L, ids);
      end if;
      return null;
    end; $trigger$
    $function$,
    of_kind,
    metrics.column_type(('metrics.source_' || of_kind)::regclass, id_column),
    id_column,
    metrics.guarded(source, format(
      'ids := array(select source.%I from (%s) as source%s);', id_column, format(source.mapping, 'inserted'),
      -- So that it is read whole, and fails here if at all.
      case when source.is_view then ' where source::text is not null' else '' end
    ), 'select %s from inserted as source'),
    metrics.changed_ids_sql(source),
    metrics.deleted_ids_sql(source),
    case when source.is_view then 'sync_carefully' else 'sync' end,
    metrics.trigger_settings(source.is_view)
  );
  execute format(
    'comment on function metrics.tg_%1$s__count() is %2$L', of_kind,
    format('Brings the metrics up to date with what a statement did to the %s rows, in its transaction.', of_kind)
  );
  perform metrics.install_triggers(source.kind, format('metrics.tg_%s__count()', of_kind));
end; $install$;

comment on function metrics.install_extra_triggers(text) is
  'Creates the trigger function of the source leads or feedback from its mapping, and its triggers.';
