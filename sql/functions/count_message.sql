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
    least(row.user_length, 1)::smallint,
    (least(row.assistant_length, 1) + least(row.response_length, 1))::smallint,
    case when row.user_length = 0 then 0 else coalesce(reported_prompt_tokens, (row.user_length + 3) / 4) end,
    case
      when row.assistant_length + row.response_length = 0 then 0
      else coalesce(reported_completion_tokens, (row.assistant_length + 3) / 4 + (row.response_length + 3) / 4)
    end,
    case
      when row.user_length = 0 then null
      when reported_prompt_tokens is null then metrics.token_source 'estimate'
      else metrics.token_source 'provider'
    end,
    case
      when row.assistant_length + row.response_length = 0 then null
      when reported_completion_tokens is null then metrics.token_source 'estimate'
      else metrics.token_source 'provider'
    end,
    case when row.user_length > 0 and row.response_length > 0 then metrics.response_us(row.sent_at, row.answered_at) end
  from (
    select
      metrics.known_time(sent_at),
      case when response <> '' then metrics.known_time(responded_at) end,
      case coalesce(role, 'user') when 'user' then coalesce(char_length(message), 0) else 0 end,
      case role when 'assistant' then coalesce(char_length(message), 0) else 0 end,
      coalesce(char_length(response), 0)
    -- Keeps these from being copied into each place above. Each step of an expression costs an INSERT
    -- three times: when it is set up, checked and run.
    offset 0
  ) as row (sent_at, answered_at, user_length, assistant_length, response_length);
end;

comment on function metrics.count_message(text, text, text, text, text, integer, integer, timestamptz, timestamptz) is
  'What one message row counts for: its session, times, messages and tokens, and the response time that the row itself tells (microseconds). A token count that no provider reported is the estimate ceil(characters / 4). An unknown time (metrics.known_time) stands last in order, and is no start or end of anything.';
