create or replace function metrics.id_is_unique(of_table regclass) returns boolean
language sql stable
set search_path = pg_catalog, pg_temp
begin atomic
  select exists (
    select
    from pg_index as i
    join pg_attribute as a on a.attrelid = i.indrelid and a.attnum = i.indkey[0]
    where i.indrelid = of_table and a.attname = 'id' and i.indisunique and i.indisvalid
      and i.indpred is null and i.indexprs is null and i.indnkeyatts = 1
  ) and (
    -- A unique index does not reach into tables that inherit.
    not exists (select from pg_inherits where inhparent = of_table)
    or exists (select from pg_class where oid = of_table and relkind = 'p')
  );
end;

comment on function metrics.id_is_unique(regclass) is
  'Whether an index of its own keeps the ids of a source table from repeating: not where the unique index of a partitioned table has the partition key beside the id, nor where tables inherit.';
