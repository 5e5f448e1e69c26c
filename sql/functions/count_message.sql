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
    coalesce(row.sent_at, 'infinity'),
    greatest(row.sent_at, row.answered_at),
    case when row.user_tokens is null then 0::smallint else 1::smallint end,
    case
      when row.assistant_tokens is null and row.response_tokens is null then 0::smallint
      when row.assistant_tokens is null or row.response_tokens is null then 1::smallint
      else 2::smallint
    end,
    case when row.user_tokens is null then 0 else coalesce(reported_prompt_tokens, row.user_tokens) end,
    case
      when row.assistant_tokens is null and row.response_tokens is null then 0
      else coalesce(reported_completion_tokens, coalesce(row.assistant_tokens, 0) + coalesce(row.response_tokens, 0))
    end,
    case
      when row.user_tokens is null then null
      when reported_prompt_tokens is null then metrics.token_source 'estimate'
      else metrics.token_source 'provider'
    end,
    case
      when row.assistant_tokens is null and row.response_tokens is null then null
      when reported_completion_tokens is null then metrics.token_source 'estimate'
      else metrics.token_source 'provider'
    end,
    case when row.user_tokens is not null and row.response_tokens is not null then
      metrics.response_us(row.sent_at, row.answered_at)
    end
  from (
    select
      metrics.known_time(sent_at),
      case when response <> '' then metrics.known_time(responded_at) end,
      case when message <> '' and coalesce(role, 'user') = 'user' then (char_length(message) + 3) / 4 end,
      case when message <> '' and role = 'assistant' then (char_length(message) + 3) / 4 end,
      case when response <> '' then (char_length(response) + 3) / 4 end
    -- Keeps these from being copied into each place above: every function in a statement costs an
    -- INSERT twice, when it is set up and when it runs.
    offset 0
  ) as row (sent_at, answered_at, user_tokens, assistant_tokens, response_tokens);
end;

comment on function metrics.count_message(text, text, text, text, text, integer, integer, timestamptz, timestamptz) is
  'What one message row counts for: its session, times, messages and tokens, and the response time that the row itself tells (microseconds). A token count that no provider reported is the estimate ceil(characters / 4). An unknown time (metrics.known_time) stands last in order, and is no start or end of anything.';
