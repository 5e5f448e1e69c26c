-- What the triggers follow is right by now, unless something went past them; what was written down about a
-- failure follows nothing.
create or replace function metrics.erase_traces(of_schema name, email text, dry_run boolean) returns bigint
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  pattern constant text := metrics.mail_pattern(email);
  target record;
  changed bigint;
  number bigint := 0;
begin
  if not dry_run then
    execute format('select %1$I.sync(''leads'', array(select l.lead_id from %1$I.leads as l
      where concat_ws('' '', l.name, l.email, l.company) ~* $1))', of_schema) using pattern;
    execute format('select %1$I.rebuild_sessions(array(select m.session_key from %1$I.session_metrics as m
      where concat_ws('' '', m.lead_name, m.lead_email, m.lead_company) ~* $1))', of_schema) using pattern;
    execute format('select %I.follow_parents()', of_schema);
  end if;
  for target in
    select * from (values ('failed_rows', 'error', 'text'), ('token_retries', 'error', 'text'), ('checks', 'details', 'jsonb'))
      as t (of_table, of_column, type)
  loop
    execute format(
      case when dry_run then 'select count(*) from %1$I.%2$I where %3$I::text ~* $1'
      else 'with changed as (update %1$I.%2$I set %3$I = regexp_replace(%3$I::text, $1, ''(erased)'', ''gi'')::%4$s
        where %3$I::text ~* $1 returning 1) select count(*) from changed' end,
      of_schema, target.of_table, target.of_column, target.type
    ) into changed using pattern;
    number := number + changed;
  end loop;
  return number;
end; $$;

comment on function metrics.erase_traces(name, text, boolean) is
  'Erases an e-mail address from a source''s own notes (errors, findings of checks), and brings its ledgers and metrics up to date with leads that do not have it any more. Returns how many notes.';
