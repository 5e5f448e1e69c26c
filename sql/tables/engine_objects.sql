create table metrics.engine_objects (
  position integer constraint engine_objects_pkey primary key,
  path text not null constraint engine_objects_path_key unique,
  before_tables boolean not null,
  body text not null
);

comment on table metrics.engine_objects is
  'The texts of all objects that every source has of its own: metrics.install_engine makes them in its schema.';
comment on column metrics.engine_objects.path is 'The file, in sql/.';
comment on column metrics.engine_objects.before_tables is
  'Needed before the mapping views and the ledgers can be made, whose types are those of the application''s tables.';
