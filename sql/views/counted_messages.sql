-- The canonical rows of metrics.source_messages with what each counts for: what the ledger should hold.
create or replace view metrics.counted_messages as
  select
    source.conversation_id,
    source.organization_id,
    source.session_id,
    source.widget_id,
    source.user_id,
    counted.*
  from metrics.source_messages as source
  cross join lateral metrics.count_message(
    source.organization_id::text, source.session_id::text,
    source.role, source.message, source.response,
    source.prompt_tokens, source.completion_tokens,
    source.created_at, source.responded_at
  ) as counted;

comment on view metrics.counted_messages is
  'What the ledger metrics.messages should hold, derived from the source rows: one row per message row that belongs to a session.';
