-- Lists: openai/tiktoken, tiktoken/model.py. A family's prefix stands for its dated and numbered names.
create table metrics.model_encodings (
  model text not null,
  is_prefix boolean not null default false,
  encoding metrics.encoding not null,
  constraint model_encodings_pkey primary key (model, is_prefix),
  constraint model_encodings_model_lower check (model = lower(model)),
  constraint model_encodings_model_named check (model <> '' or is_prefix)
);

insert into metrics.model_encodings (model, is_prefix, encoding)
values
  ('', true, 'o200k_base'),
  ('o1', false, 'o200k_base'), ('o1-', true, 'o200k_base'),
  ('o3', false, 'o200k_base'), ('o3-', true, 'o200k_base'),
  ('o4-mini', true, 'o200k_base'),
  ('gpt-5', true, 'o200k_base'),
  ('gpt-4.5', true, 'o200k_base'),
  ('gpt-4.1', true, 'o200k_base'),
  ('gpt-4o', true, 'o200k_base'),
  ('chatgpt-4o', true, 'o200k_base'),
  ('gpt-oss-', true, 'o200k_base'),
  ('gpt-4', false, 'cl100k_base'), ('gpt-4-', true, 'cl100k_base'),
  ('gpt-3.5', true, 'cl100k_base'),
  ('gpt-35-turbo', true, 'cl100k_base'),
  ('text-embedding-', true, 'cl100k_base'),
  ('davinci-002', true, 'cl100k_base'),
  ('babbage-002', true, 'cl100k_base'),
  ('text-davinci-002', false, 'p50k_base'),
  ('text-davinci-003', false, 'p50k_base'),
  ('code-davinci-', true, 'p50k_base'),
  ('code-cushman-', true, 'p50k_base'),
  ('davinci-codex', false, 'p50k_base'),
  ('cushman-codex', false, 'p50k_base'),
  ('text-davinci-edit-', true, 'p50k_edit'),
  ('code-davinci-edit-', true, 'p50k_edit'),
  ('text-davinci-001', false, 'r50k_base'),
  ('text-curie-', true, 'r50k_base'),
  ('text-babbage-', true, 'r50k_base'),
  ('text-ada-', true, 'r50k_base'),
  ('davinci', false, 'r50k_base'),
  ('curie', false, 'r50k_base'),
  ('babbage', false, 'r50k_base'),
  ('ada', false, 'r50k_base'),
  ('text-similarity-', true, 'r50k_base'),
  ('text-search-', true, 'r50k_base'),
  ('code-search-', true, 'r50k_base'),
  ('gpt2', false, 'gpt2'),
  ('gpt-2', false, 'gpt2');

comment on table metrics.model_encodings is
  'Which encoding counts the texts of a model. Yours to edit; then: npx conversation-metrics recount. The row with the empty prefix is the default, for rows without a model and for models that no other row knows.';
comment on column metrics.model_encodings.model is 'Name of the model in lower case, or how the names of a family begin.';
comment on column metrics.model_encodings.is_prefix is 'Whether every model counts whose name begins so. An exact name wins, then the longest prefix.';
