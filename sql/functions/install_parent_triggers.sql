create or replace function metrics.install_parent_triggers() returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $install$
declare
  parent metrics.parents;
  id_type text;
  event text;
begin
  for parent in select * from metrics.parents as p order by p.parent_id loop
    id_type := metrics.column_type(('metrics.source_' || parent.kind)::regclass, metrics.id_column(parent.kind));
    execute format(
      $function$
      create or replace function metrics.tg_parent__%1$s() returns trigger
      language plpgsql security definer
      %8$s
      as $trigger$
      declare
        ids %2$s[];
      begin
        case TG_OP
          when 'INSERT' then
            ids := array(with changed as (select * from inserted) %3$s);
            if not %6$L::boolean then
              insert into metrics.parent_changes (parent_id, parent)
              select %1$s, to_jsonb(used) from inserted as parent cross join lateral (select %4$s) as used;
            end if;
          when 'DELETE' then
            ids := array(with changed as (select * from deleted) %3$s);
          when 'TRUNCATE' then
            -- Which rows these were is no longer known; nor what a snapshot older than it would see.
            perform metrics.require_current_snapshot();
            ids := array(
              select l.%7$I from metrics.%5$s as l where l.session_key is not null
              union
              select s.%7$I from metrics.source_%5$s as s
            );
          else
            -- By image, so that any type will do. Both sides, since the key itself may have changed.
            ids := array(
              with old_rows as materialized (
                select parent as image, (select used from (select %4$s) as used) as used from deleted as parent
              ),
              new_rows as materialized (
                select parent as image, (select used from (select %4$s) as used) as used from inserted as parent
              ),
              changed as (
                select (n.image).* from new_rows as n where not exists (select from old_rows as o where o.used *= n.used)
                union all
                select (o.image).* from old_rows as o where not exists (select from new_rows as n where n.used *= o.used)
              )
              %3$s
            );
            insert into metrics.parent_changes (parent_id, parent)
            with old_rows as materialized (
              select used from deleted as parent cross join lateral (select %4$s) as used
            )
            select %1$s, to_jsonb(present)
            from inserted as parent
            cross join lateral (select %4$s) as present
            where not exists (select from old_rows as o where o.used *= present);
        end case;
        if cardinality(ids) > 0 then
          perform metrics.sync_carefully(%5$L, ids);
        end if;
        return null;
      end; $trigger$
      $function$,
      parent.parent_id, id_type, parent.children,
      (select string_agg(format('parent.%I', name), ', ') from unnest(parent.columns) as name), parent.kind, parent.by_foreign_key,
      metrics.id_column(parent.kind), metrics.trigger_settings(true)
    );
    execute format('comment on function metrics.tg_parent__%s() is %L', parent.parent_id,
      format('Brings the %s up to date that hang on the changed rows of %s.', parent.kind, parent.relation));

    foreach event in array array['insert', 'update', 'delete', 'truncate'] loop
      execute format(
        'create or replace trigger %I after %s on %s %s for each statement execute function metrics.tg_parent__%s()',
        format('_520_metrics_%s_%s_%s', metrics.source_name(), parent.kind, event), event, parent.relation,
        case event
          when 'insert' then 'referencing new table as inserted'
          when 'update' then 'referencing old table as deleted new table as inserted'
          when 'delete' then 'referencing old table as deleted'
          else ''
        end,
        parent.parent_id
      );
    end loop;
  end loop;
end; $install$;

comment on function metrics.install_parent_triggers() is
  'Creates the triggers of metrics.parents. Safe to repeat.';
