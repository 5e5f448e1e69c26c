-- What one canonical row counts for. Written once; the planner inlines it into the view
-- metrics.counted_messages and into the triggers, so it costs no call.
create or replace function metrics.count_message(
  organization_id text,
  session_id text,
  role text,
  message text,
  response text,
  reported_prompt_tokens integer,
  reported_completion_tokens integer,
  sent_at timestamptz,
  responded_at timestamptz
) returns table (
  session_key uuid,
  created_at timestamptz,
  ended_at timestamptz,
  user_messages smallint,
  ai_messages smallint,
  prompt_tokens integer,
  completion_tokens integer,
  prompt_source metrics.token_source,
  completion_source metrics.token_source,
  response_us bigint
)
language sql stable parallel safe
begin atomic
  select
    metrics.session_key(organization_id, session_id),
    -- A NULL or infinite time is unknown: last in order, and no start or end of anything.
    case when isfinite(sent_at) then sent_at else 'infinity' end,
    greatest(
      case when isfinite(sent_at) then sent_at end,
      case when has.ai_response and isfinite(responded_at) then responded_at end
    ),
    has.user_message::integer::smallint,
    (has.ai_message::integer + has.ai_response::integer)::smallint,
    case when has.user_message then coalesce(reported_prompt_tokens, (char_length(message) + 3) / 4) else 0 end,
    case when has.ai_message or has.ai_response then coalesce(
      reported_completion_tokens,
      case when has.ai_message then (char_length(message) + 3) / 4 else 0 end
        + case when has.ai_response then (char_length(response) + 3) / 4 else 0 end
    ) else 0 end,
    case when has.user_message then
      case when reported_prompt_tokens is null then metrics.token_source 'estimate' else 'provider' end
    end,
    case when has.ai_message or has.ai_response then
      case when reported_completion_tokens is null then metrics.token_source 'estimate' else 'provider' end
    end,
    case when has.user_message and has.ai_response then metrics.response_us(sent_at, responded_at) end
  from (
    select
      coalesce(message <> '' and coalesce(role, 'user') = 'user', false),
      coalesce(message <> '' and role = 'assistant', false),
      coalesce(response <> '', false)
  ) as has (user_message, ai_message, ai_response);
end;

comment on function metrics.count_message(text, text, text, text, text, integer, integer, timestamptz, timestamptz) is
  'What one message row counts for: its session, times, messages and tokens, and the response time that the row itself tells (microseconds). A token count that no provider reported is the estimate ceil(characters / 4).';
