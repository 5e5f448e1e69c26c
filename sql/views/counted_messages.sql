-- The canonical rows of metrics.source_messages with what each counts for: what the ledger should
-- hold. An exact token count cannot be derived in SQL: it is the ledger's, as long as the text is the
-- one that was counted.
create or replace view metrics.counted_messages as
  select
    source.conversation_id,
    source.organization_id,
    source.session_id,
    source.widget_id,
    source.user_id,
    counted.session_key,
    counted.created_at,
    counted.ended_at,
    counted.user_messages,
    counted.ai_messages,
    case when exact.prompt then ledger.prompt_tokens else counted.prompt_tokens end as prompt_tokens,
    case when exact.completion then ledger.completion_tokens else counted.completion_tokens end as completion_tokens,
    case when exact.prompt then ledger.prompt_source else counted.prompt_source end as prompt_source,
    case when exact.completion then ledger.completion_source else counted.completion_source end as completion_source,
    counted.response_us
  from metrics.source_messages as source
  cross join lateral metrics.count_message(
    source.organization_id::text, source.session_id::text,
    source.role, source.message, source.response,
    source.prompt_tokens, source.completion_tokens,
    source.created_at, source.responded_at
  ) as counted
  left join metrics.messages as ledger on ledger.conversation_id = source.conversation_id
  cross join lateral (
    select
      ledger.prompt_source = 'tiktoken' and counted.prompt_source = 'estimate'
        and ledger.prompt_digest = metrics.text_digest(source.model, source.message, null),
      ledger.completion_source = 'tiktoken' and counted.completion_source = 'estimate'
        and ledger.completion_digest = metrics.text_digest(
          source.model, case when source.role = 'assistant' then source.message end, source.response
        )
    -- Asked once, not at each place above.
    offset 0
  ) as exact (prompt, completion);

comment on view metrics.counted_messages is
  'What the ledger metrics.messages should hold, derived from the source rows: one row per message row that belongs to a session. Token counts are the ledger''s exact ones where they are of the row''s present texts.';
