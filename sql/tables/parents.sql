create table metrics.parents (
  parent_id integer generated always as identity constraint parents_pkey primary key,
  kind text not null constraint parents_kind_known check (kind in ('messages', 'leads', 'feedback')),
  relation regclass not null,
  columns name[] not null,
  children text not null,
  by_foreign_key boolean not null,
  constraint parents_relation_key unique (kind, relation)
);

comment on table metrics.parents is
  'Tables beside its own that a mapping reads: a change there brings the rows that hang on it up to date.';
comment on column metrics.parents.columns is 'What the mapping uses of it; a change of other columns concerns nobody.';
comment on column metrics.parents.children is
  'Query of the canonical ids of the rows that hang on the rows of a table named changed.';
comment on column metrics.parents.by_foreign_key is
  'Found along foreign keys: then no row can hang on a parent that others do not see yet.';
