create or replace function metrics.install_extra_triggers(of_kind text) returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $install$
declare
  source metrics.sources;
  id_column constant text := case of_kind when 'leads' then 'lead_id' else 'feedback_id' end;
begin
  select * into strict source from metrics.sources where kind = of_kind;
  execute format(
    $function$
    create or replace function metrics.tg_%1$s__count() returns trigger
    language plpgsql security definer
    set search_path = pg_catalog, pg_temp
    as $trigger$
    declare
      ids %2$s[];
    begin
      case TG_OP
        when 'INSERT' then
          ids := array(select %3$I from (%4$s) as source);
        when 'UPDATE' then
          ids := array(
            select coalesce(after.%3$I, before.%3$I)
            from (%5$s) as before
            full join (%4$s) as after on after.%3$I = before.%3$I
            where before.%3$I is null or after.%3$I is null or before *<> after
          );
        when 'DELETE' then
          ids := array(select %3$I from (%5$s) as source);
        else
          perform metrics.require_current_snapshot();
          ids := array(
            select l.%3$I from metrics.%1$s as l
            where not exists (select from metrics.source_%1$s as s where s.%3$I = l.%3$I)
          );
      end case;
      if cardinality(ids) > 0 then
        perform metrics.sync(%1$L, ids);
      end if;
      return null;
    end; $trigger$
    $function$,
    of_kind,
    metrics.column_type(('metrics.source_' || of_kind)::regclass, id_column),
    id_column,
    format(source.mapping, 'inserted'),
    format(source.mapping, 'deleted')
  );
  execute format(
    'comment on function metrics.tg_%1$s__count() is %2$L', of_kind,
    format('Brings the metrics up to date with what a statement did to the %s rows, in its transaction.', of_kind)
  );
  perform metrics.install_triggers(source.kind, format('metrics.tg_%s__count()', of_kind));
end; $install$;

comment on function metrics.install_extra_triggers(text) is
  'Creates the trigger function of the source leads or feedback from its mapping, and its triggers.';
