-- The role by its oid, so that another role of the same name is not taken for it; pg_dump writes its name.
create table metrics.readers (
  role regrole not null,
  source text constraint readers_source_fkey references metrics.attachments (name) on delete cascade,
  scope text not null constraint readers_scope_known check (scope in ('organization', 'none', 'all', 'setting')),
  organization_id text,
  reads text not null constraint readers_reads_known check (reads in ('rows', 'reports', 'texts')),
  granted_at timestamptz not null default now(),
  constraint readers_entry_key unique nulls not distinct (role, source, scope, organization_id),
  constraint readers_organization_id_given check ((scope = 'organization') = (organization_id is not null))
);

comment on table metrics.readers is
  'Which roles read which organizations: what the policies of row-level security go by. An entry alone opens nothing, the role needs the rights as well: metrics.grant_reader gives both.';
comment on column metrics.readers.source is 'The source that the entry is about; NULL: each, also those attached later.';
comment on column metrics.readers.scope is
  'organization: organization_id; none: the rows whose organization is NULL; all; setting: whatever the settings conversation_metrics.organization and conversation_metrics.no_organization say, and nothing without them.';
comment on column metrics.readers.reads is
  'rows: whatever else it was granted; reports: metrics and reports, no text of a message; texts: the messages and leads as well.';
