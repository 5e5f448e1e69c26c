create or replace view metrics.feedback_drift as
  select
    coalesce(actual.feedback_id, f.feedback_id) as feedback_id,
    actual.session_key,
    f.session_key as counted_session_key
  from metrics.counted_feedback as actual
  full join metrics.feedback as f on f.feedback_id = actual.feedback_id
  where (f.session_key, f.conversation_id, f.rating)
      is distinct from (actual.session_key, actual.conversation_id, actual.rating)
    -- Without this mark a later change of the message row would leave its feedback behind.
    or (
      actual.conversation_id is not null
      and not exists (
        select from metrics.messages as l
        where l.conversation_id = actual.conversation_id and l.has_feedback
      )
    );

comment on view metrics.feedback_drift is
  'The feedback rows whose entry in the ledger metrics.feedback differs from their source row, is missing, or stands for no row; with the session it belongs to and the one it was counted in.';
