-- The generated columns too, which are computed the same way there.
create table public.conversation_metrics_archive (
  like public.conversation_metrics including defaults including generated including comments,
  archived_at timestamptz not null default now(),
  constraint conversation_metrics_archive_pkey primary key (session_key)
);
create index on public.conversation_metrics_archive (conversation_start);
create index on public.conversation_metrics_archive using hash (session_id);

comment on table public.conversation_metrics_archive is
  'Rows of conversation_metrics that metrics.archive_sessions has moved here, out of the way of the sessions that are written to: the same columns and the same numbers. Whatever is written to such a session brings its row back first.';
comment on column public.conversation_metrics_archive.archived_at is 'When it was moved here.';
