-- Everything or nothing: it is one transaction.
create or replace function metrics.attach(
  name text,
  messages regclass,
  leads regclass default null,
  feedback regclass default null,
  keys jsonb default '{}',
  parents jsonb default '{}',
  backfill boolean default true
) returns void
language plpgsql
set search_path = pg_catalog, pg_temp
-- What PostgreSQL says of views and types is read as it writes it by default.
set standard_conforming_strings = on
set quote_all_identifiers = off
as $$
declare
  target constant text := case attach.name when 'default' then 'metrics' else 'metrics_' || attach.name end;
  is_known constant boolean := exists (select from metrics.attachments as a where a.name = attach.name);
  repeated text;
  readers constant name[] := metrics.current_readers();
  entries metrics.readers[];
begin
  if attach.name !~ '^[a-z][a-z0-9_]{0,30}$' then
    raise exception '% cannot be the name of a source', quote_nullable(attach.name)
      using errcode = 'invalid_name', hint = 'Up to 31 small letters, digits and underscores, a letter first: it is part of the names of a schema and of triggers.';
  end if;
  if attach.name = 'default' and is_known then
    -- Asked only here: without a source named default there is no such table.
    if exists (select from metrics.sources as s where not s.is_view) then
      raise exception 'the source named default has the tables conversations, leads and feedback'
        using errcode = 'duplicate_object', hint = 'Give this source another name.';
    end if;
  end if;
  if not is_known then
    if target = 'metrics' and to_regclass('public.conversation_metrics') is not null then
      raise exception 'the table public.conversation_metrics exists already, and is none of ours'
        using errcode = 'duplicate_table', hint = 'Give the source another name than default, or rename that table.';
    end if;
    if target <> 'metrics' and to_regnamespace(target) is not null then
      raise exception 'the schema % exists already, and is none of ours', target
        using errcode = 'duplicate_schema', hint = 'Give the source another name.';
    end if;
    insert into metrics.attachments (name, schema_name) values (attach.name, target);
    if target <> 'metrics' then
      execute format('create schema %I', target);
      execute format('comment on schema %I is %L', target,
        format('conversation-metrics: ledgers and metrics of the source %s.', attach.name));
    end if;
    perform metrics.install_engine(attach.name, target, true);
  end if;
  -- From here on by the source's own functions.
  begin
    execute format('select %I.map_views($1, $2, $3, $4, $5)', target) using messages, leads, feedback, keys, parents;
  exception when invalid_table_definition then
    if not is_known then
      raise;
    end if;
    -- Ids of other types than the ledgers have, which a first view of leads or feedback may bring as well.
    entries := array(select r from metrics.readers as r where r.source = attach.name);
    perform metrics.detach(name);
    perform metrics.attach(name, messages, leads, feedback, keys, parents, backfill);
    insert into metrics.readers select r.* from unnest(entries) as r;
    perform metrics.extend_readers(readers);
    return;
  end;
  if not is_known then
    execute format('select %I.create_metrics_tables()', target);
    perform metrics.install_engine(attach.name, target, false);
  end if;
  execute format('select %I.install()', target);
  if is_known then
    -- Who may read its metrics may do so still; functions that were made anew are nobody's.
    perform metrics.close_functions(array(select p.oid::regprocedure from pg_proc as p where p.pronamespace = to_regnamespace(target)));
  else
    perform metrics.close_privileges(target);
  end if;
  perform metrics.install_overview();
  perform metrics.extend_readers(readers);

  begin
    execute format('select %I.repeated_ids()', target) into repeated;
  exception when data_exception then
    null; -- A row that the view fails on, which is recorded by the backfill.
  end;
  if repeated is not null then
    raise exception 'ids name more than one row each: %', repeated
      using errcode = 'unique_violation',
        hint = 'An id names one row of its view. Take another column, or several by keys, unless a join multiplies the rows.';
  end if;
  if backfill then
    execute format('select %I.backfill()', target);
    execute format('select %I.retry_failed_rows()', target);
  end if;
end; $$;

comment on function metrics.attach(text, regclass, regclass, regclass, jsonb, jsonb, boolean) is
  'Makes an application''s own tables a source, from views that map their rows to canonical ones: from then on its metrics are kept by triggers, in metrics_<name>.conversation_metrics. keys: for a view whose id is no column of a table as it stands, {"messages": {"table": "chat.lines", "key": "source.room || '':'' || source.no"}}. parents: for a table that no foreign key leads to, {"crm.people": "select m.id from changed join …"}, or null for one that never changes. Again for the same name: takes changed views over, and heals.';
