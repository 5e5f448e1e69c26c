create or replace view metrics.source_tables as
  with recursive tables as (
    select s.kind, s.relation::oid as relation from metrics.sources as s
    union
    select t.kind, i.inhrelid from pg_inherits as i join tables as t on i.inhparent = t.relation
  )
  select t.kind, t.relation::regclass as relation
  from tables as t
  join pg_class as c on c.oid = t.relation
  where c.relkind in ('r', 'p');

comment on view metrics.source_tables is
  'Every table that source rows can be written to: the sources and their partitions. A write that names a partition fires only the statement triggers of that partition.';
