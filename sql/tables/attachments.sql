create table metrics.attachments (
  name text constraint attachments_pkey primary key
    constraint attachments_name_plain check (name ~ '^[a-z][a-z0-9_]{0,30}$'),
  schema_name name not null constraint attachments_schema_name_key unique
    constraint attachments_schema_name_own check (schema_name = case name when 'default' then 'metrics' else 'metrics_' || name end),
  attached_at timestamptz not null default now()
);

comment on table metrics.attachments is
  'The sources: sets of tables of an application, each with ledgers and metrics of its own. Those of the source named default are in the schemas metrics and public, those of any other in metrics_<name>.';
