-- PostgreSQL lets a column be renamed that the triggers' text names: then every write fails.
create or replace function metrics.mapping_problems() returns text
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
  source metrics.sources;
  problems text;
begin
  for source in select s.* from metrics.sources as s order by s.kind loop
    begin
      execute format('select from (%s) as source limit 0', format(source.mapping, source.relation));
    exception when others then
      problems := concat_ws('; ', problems, format('%s: %s', source.relation, sqlerrm));
    end;
  end loop;
  return concat_ws('; ', problems, (
    select string_agg(format('%s: column %I is generated, but not stored', s.relation, a.attname), '; ')
    from metrics.sources as s
    join pg_rewrite as r on r.ev_class = to_regclass('metrics.source_' || s.kind)
    join pg_depend as d on d.classid = 'pg_rewrite'::regclass and d.objid = r.oid
      and d.refclassid = 'pg_class'::regclass and d.refobjid = s.relation
    join pg_attribute as a on a.attrelid = d.refobjid and a.attnum = d.refobjsubid
    where a.attgenerated::text = 'v'
  ));
end; $$;

comment on function metrics.mapping_problems() is
  'Why the triggers cannot read the rows of a source: what its mapping names and the table has no longer. Empty where they can.';
