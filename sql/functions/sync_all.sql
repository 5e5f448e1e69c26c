create or replace function metrics.sync_all(of_kind text) returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  slice_size constant integer := 1000;
  source metrics.sources;
  type constant text := metrics.column_type(('metrics.source_' || of_kind)::regclass, metrics.id_column(of_kind));
begin
  select * into source from metrics.sources as s where s.kind = of_kind;
  if not found then
    return;
  end if;
  execute format(
    $sql$
    select count(metrics.sync_carefully(%1$L, slice.ids)::text)
    from (
      select array_agg(numbered.id) as ids
      from (
        select listed.id, (row_number() over () - 1) / %2$s as number
        from (
          select (%3$s)::%4$s as id from %5$s as source
          union
          select l.%6$I from metrics.%7$I as l
        ) as listed
      ) as numbered
      group by numbered.number
    ) as slice
    $sql$,
    of_kind, slice_size, source.row_key, type, source.relation, metrics.id_column(of_kind), of_kind
  );
end; $$;

comment on function metrics.sync_all(text) is
  'Brings all rows of a kind up to date, in slices; what their mapping fails on is recorded in metrics.failed_rows.';
