-- Not forced: the owner, whose rights the triggers have, is not bound by it, and no write is slower.
create or replace function metrics.secure_table(of_table regclass, organization_column name default null) returns void
language plpgsql
set search_path = pg_catalog, pg_temp
set client_min_messages = warning
as $$
declare
  source constant metrics.attachments := (
    select a from metrics.attachments as a
    join pg_class as c on c.oid = of_table
    where c.relnamespace in (quote_ident(a.schema_name)::regnamespace, case a.name when 'default' then 'public'::regnamespace end)
  );
begin
  if source.name is null then
    raise exception 'table % belongs to no source', of_table
      using errcode = 'invalid_parameter_value', hint = 'A table of a source is in its schema: select * from metrics.attachments.';
  end if;
  execute format('alter table %s enable row level security', of_table);
  execute format('drop policy if exists readers on %s', of_table);
  execute format('create policy readers on %s for select using (%s)', of_table,
    case when organization_column is not null then
      metrics.scope_condition(source.name, format('%I', organization_column))
    else format(
      -- The policies of both tables of sessions hold in there as well.
      '(select coalesce(bool_or(s.is_all), false) from metrics.own_scopes as s where s.source is null or s.source = %L) '
      'or exists (select from %I.session_metrics as m where m.session_key = %s.session_key)',
      source.name, source.schema_name,
      (select quote_ident(c.relname) from pg_class as c where c.oid = of_table)
    ) end);
  execute format('comment on policy readers on %s is %L', of_table,
    'Who reads which organizations: metrics.readers. The owner, and with it the triggers, is not bound by it.');
end; $$;

comment on function metrics.secure_table(regclass, name) is
  'Makes a table of a source show a reader the rows of its organizations alone: by the column that holds the organization, else by the session_key, whose session the reader must see. Safe to repeat.';
