-- The canonical rows of metrics.source_messages with what each counts for: what the ledger should
-- hold. An exact token count cannot be derived in SQL: it is the ledger's, as long as the text is the
-- one that was counted. A side of the row whose text was emptied may stay what it was counted for
-- (metrics.keep_numbers).
create or replace view metrics.counted_messages as
  select
    source.conversation_id,
    source.organization_id,
    source.session_id,
    source.widget_id,
    source.user_id,
    counted.session_key,
    counted.created_at,
    case when kept.completion then greatest(counted.ended_at, ledger.ended_at) else counted.ended_at end as ended_at,
    case when kept.prompt then ledger.user_messages else counted.user_messages end as user_messages,
    case when kept.completion then ledger.ai_messages else counted.ai_messages end as ai_messages,
    case when exact.prompt or kept.prompt then ledger.prompt_tokens else counted.prompt_tokens end as prompt_tokens,
    case when exact.completion or kept.completion then ledger.completion_tokens else counted.completion_tokens end as completion_tokens,
    case
      when kept.prompt and ledger.prompt_source = 'estimate' then 'kept'
      when exact.prompt or kept.prompt then ledger.prompt_source
      else counted.prompt_source
    end as prompt_source,
    case
      when kept.completion and ledger.completion_source = 'estimate' then 'kept'
      when exact.completion or kept.completion then ledger.completion_source
      else counted.completion_source
    end as completion_source,
    -- Of a row with question and answer; what a following row answers is found by its place.
    case
      when (kept.prompt or kept.completion) and ledger.user_messages > 0 and ledger.ai_messages > 0 then ledger.response_us
      else counted.response_us
    end as response_us
  from metrics.source_messages as source
  cross join lateral metrics.count_message(
    source.organization_id::text, source.session_id::text, source.role, source.message, source.response,
    source.prompt_tokens, source.completion_tokens, source.created_at, source.responded_at
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
  ) as exact (prompt, completion)
  cross join lateral (
    select
      ledger.session_key = counted.session_key and ledger.user_messages > counted.user_messages
        and coalesce(source.message, '') = '' and (select s.keeps_numbers from metrics.settings as s),
      ledger.session_key = counted.session_key and ledger.ai_messages > counted.ai_messages
        and coalesce(source.response, '') = '' and (source.role is distinct from 'assistant' or coalesce(source.message, '') = '')
        and (select s.keeps_numbers from metrics.settings as s)
    offset 0
  ) as kept (prompt, completion);

comment on view metrics.counted_messages is
  'What the ledger metrics.messages should hold, derived from the source rows: one row per message row that belongs to a session. Token counts are the ledger''s exact ones where they are of the row''s present texts.';
