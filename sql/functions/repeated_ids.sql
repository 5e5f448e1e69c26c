create or replace function metrics.repeated_ids() returns text
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
  source record;
  number bigint;
  repeated text;
begin
  for source in
    select s.kind, s.relation, metrics.id_column(s.kind) as id_column
    from metrics.sources as s
    where s.is_view or not metrics.id_is_unique(s.relation)
    order by s.kind
  loop
    execute format(
      'select count(*) from (select from metrics.%1$I group by %2$I having count(*) > 1) as repeated',
      'source_' || source.kind, source.id_column
    ) into number;
    if number > 0 then
      repeated := concat_ws(', ', repeated, format('%s in %s', number, source.relation));
    end if;
  end loop;
  return repeated;
end; $$;

comment on function metrics.repeated_ids() is
  'How many ids name more than one row, where no index keeps them from it; NULL where none does.';
