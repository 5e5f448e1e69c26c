create or replace view metrics.message_drift as
  with actual as (
    select
      c.*,
      case
        when c.user_messages = 0 or c.ai_messages > 0 then c.response_us
        when lead(c.ai_messages) over next_row > 0 and lead(c.user_messages) over next_row = 0
        then metrics.response_us(nullif(c.created_at, 'infinity'), nullif(lead(c.created_at) over next_row, 'infinity'))
      end as answered_us
    from metrics.counted_messages as c
    window next_row as (partition by c.session_key order by c.created_at, c.conversation_id)
  )
  select
    coalesce(actual.conversation_id, l.conversation_id) as conversation_id,
    actual.session_key,
    l.session_key as counted_session_key
  from actual
  full join metrics.messages as l on l.conversation_id = actual.conversation_id
  where (
      l.session_key, l.created_at, l.ended_at, l.user_messages, l.ai_messages,
      l.prompt_tokens, l.completion_tokens, l.prompt_source, l.completion_source, l.response_us
    ) is distinct from (
      actual.session_key, actual.created_at, actual.ended_at, actual.user_messages, actual.ai_messages,
      actual.prompt_tokens, actual.completion_tokens, actual.prompt_source, actual.completion_source,
      actual.answered_us
    )
    -- An empty entry without a source row counts for nothing.
    and (actual.conversation_id is not null or l.session_key is not null);

comment on view metrics.message_drift is
  'The message rows whose entry in the ledger metrics.messages differs from their source row, is missing, or stands for no row; with the session it belongs to and the one it was counted in.';
