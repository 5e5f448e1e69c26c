create table metrics.sources (
  kind text constraint sources_pkey primary key
    constraint sources_kind_known check (kind in ('messages', 'leads', 'feedback')),
  relation regclass not null,
  mapping text not null,
  row_key text not null,
  is_view boolean not null,
  reads_back boolean not null,
  constraint sources_reads_back_view check (is_view or not reads_back)
);

comment on table metrics.sources is 'The application''s tables that metrics are derived from.';
comment on column metrics.sources.mapping is
  'Query of canonical rows, with %s in the place of the table: the triggers run it over their transition tables.';
comment on column metrics.sources.row_key is 'The canonical id as an expression over a row of the table named source.';
comment on column metrics.sources.is_view is
  'The mapping is a view of somebody''s making: it may read other tables, and it may fail on a row.';
comment on column metrics.sources.reads_back is
  'The mapping reads changed rows again by their ids, since it cannot read a transition table in the place of the table.';
