create table metrics.sources (
  kind text constraint sources_pkey primary key
    constraint sources_kind_known check (kind in ('messages', 'leads', 'feedback')),
  relation regclass not null,
  mapping text not null
);

comment on table metrics.sources is 'The application''s tables that metrics are derived from.';
comment on column metrics.sources.mapping is
  'Query of canonical rows, with %s in the place of the table: the mapping view reads it over the table, the triggers over their transition tables.';
