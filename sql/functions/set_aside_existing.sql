create or replace function metrics.set_aside_existing() returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  object record;
  replaced text;
  suffix integer := 1;
begin
  select string_agg(c.oid::regclass::text, ', ' order by c.relname) into replaced
  from pg_class as c
  where c.relnamespace = 'metrics'::regnamespace
    and c.relkind in ('r', 'p', 'v', 'm', 'f')
    and c.relname <> 'migrations';
  if replaced is not null then
    raise exception 'schema metrics exists already and is not ours: it holds %', replaced
      using errcode = 'duplicate_schema',
        hint = 'Rename that schema (alter schema metrics rename to …), or install into another database.';
  end if;

  -- Without a source named default nothing of ours needs these names.
  if current_setting('conversation_metrics.adopt', true) = 'off' then
    return;
  end if;

  for object in
    select c.relname as name, c.oid as oid,
      case c.relkind when 'v' then 'view' when 'm' then 'materialized view' when 'f' then 'foreign table'
        when 'S' then 'sequence' when 'i' then 'index' else 'table' end as kind
    from pg_class as c
    where c.relnamespace = 'public'::regnamespace
      and c.relname in (
        'conversation_metrics', 'conversation_metrics_drift', 'conversation_metrics_pkey',
        'conversation_metrics_conversation_id_key', 'conversation_metrics_session_id_idx',
        'conversation_metrics_archive', 'conversation_metrics_archive_pkey'
      )
    order by c.relname
  loop
    if coalesce(current_setting('conversation_metrics.replace_existing', true), 'off') <> 'on' then
      raise exception '% public.% exists already and is not ours', object.kind, object.name
        using errcode = 'duplicate_table',
          hint = 'Stop the code that writes it, then run: npx conversation-metrics migrate --replace-existing. It renames the old one and keeps its rows.';
    end if;
    loop
      replaced := left(object.name, 50) || '_old' || case when suffix > 1 then '_' || suffix else '' end;
      exit when to_regclass(format('public.%I', replaced)) is null;
      suffix := suffix + 1;
    end loop;
    execute format('alter %s public.%I rename to %I', object.kind, object.name, replaced);
    raise notice 'The old % public.% is now public.%', object.kind, object.name, replaced;
  end loop;

  for object in
    select p.oid::regprocedure as signature, p.prokind
    from pg_proc as p
    where p.pronamespace = 'public'::regnamespace and p.proname = 'sync_conversation_metrics'
  loop
    if coalesce(current_setting('conversation_metrics.replace_existing', true), 'off') <> 'on' then
      raise exception 'function % exists already and is not ours', object.signature
        using errcode = 'duplicate_function',
          hint = 'Run: npx conversation-metrics migrate --replace-existing. It renames the old one.';
    end if;
    execute format('alter routine %s rename to sync_conversation_metrics_old', object.signature);
    raise notice 'The old function % is now sync_conversation_metrics_old', object.signature;
  end loop;
end; $$;

comment on function metrics.set_aside_existing() is
  'Refuses to go on where the application has objects of our names, or, with conversation_metrics.replace_existing = on, renames them and says to what.';
