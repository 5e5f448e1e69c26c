-- Written once; the planner inlines it into the view metrics.counted_messages and into the triggers, so
-- it costs no call.
create or replace function metrics.count_parts(
  organization_id text,
  session_id text,
  reported_prompt_tokens integer,
  reported_completion_tokens integer,
  sent_at timestamptz,
  answered_at timestamptz,
  user_length integer,
  assistant_length integer,
  response_length integer
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
    coalesce(sent_at, 'infinity'),
    greatest(sent_at, answered_at),
    num_nonnulls(user_length)::smallint,
    num_nonnulls(assistant_length, response_length)::smallint,
    case when user_length is null then 0 else coalesce(reported_prompt_tokens, (user_length + 3) / 4) end,
    case
      when coalesce(assistant_length, response_length) is null then 0
      else coalesce(
        reported_completion_tokens, coalesce((assistant_length + 3) / 4, 0) + coalesce((response_length + 3) / 4, 0)
      )
    end,
    case
      when user_length is null then null
      when reported_prompt_tokens is null then metrics.token_source 'estimate'
      else metrics.token_source 'provider'
    end,
    case
      when coalesce(assistant_length, response_length) is null then null
      when reported_completion_tokens is null then metrics.token_source 'estimate'
      else metrics.token_source 'provider'
    end,
    -- No response, no answered_at.
    case when user_length is not null then metrics.response_us(sent_at, answered_at) end;
end;

comment on function metrics.count_parts(text, text, integer, integer, timestamptz, timestamptz, integer, integer, integer) is
  'What one message row counts for, by what metrics.message_parts says of it: its session, times, messages and tokens, and the response time that the row itself tells (microseconds). A token count that no provider reported is the estimate ceil(characters / 4). An unknown time (metrics.known_time) stands last in order, and is no start or end of anything.';
