create or replace view metrics.counted_feedback as
  select
    source.feedback_id,
    case when source.session_id is null then source.conversation_id end as conversation_id,
    case
      when source.session_id is null then message.session_key
      else metrics.session_key(source.organization_id::text, source.session_id::text)
    end as session_key,
    case when source.rating between 1 and 5 then source.rating end as rating
  from metrics.source_feedback as source
  left join metrics.messages as message on message.conversation_id = source.conversation_id;

comment on view metrics.counted_feedback is
  'What the ledger metrics.feedback should hold: feedback without a session id belongs to the session of its conversation row; a rating outside 1 to 5 is none.';
