-- With the rights of whoever asks, so that the policies of both tables hold.
create or replace view metrics.session_metrics with (security_invoker = true) as
  select m.*, null::timestamptz as archived_at from public.conversation_metrics as m
  union all
  select a.* from public.conversation_metrics_archive as a;

comment on view metrics.session_metrics is
  'The metrics of all sessions: those of conversation_metrics, and those in conversation_metrics_archive (archived_at is not NULL).';
