-- Every session's metrics, recomputed from the three source tables and nothing else. It is written for being
-- obviously right, not fast, and shares no code with the engine: the tests compare the two.
-- A column that a table does not have takes its name from the NULLs beside the table: an unqualified name means the
-- table's own column first, and the outer query's only where the table has none. A time that is missing, infinite or of
-- the year 200000 or later is unknown.
-- Which texts were counted exactly, and how many tokens each has, stands in the setting oracle.exact_counts
-- (exact-counts.ts): the only thing here that is not in the source tables.
with
exact_counts as (
  select id, prompt, completion
  from jsonb_to_recordset(coalesce(nullif(current_setting('oracle.exact_counts', true), ''), '[]')::jsonb)
    as exact (id text, prompt numeric, completion numeric)
),

message_rows as (
  select own.*
  from (
    select
      null::bigint as organization_id,
      null::bigint as widget_id,
      null::bigint as user_id,
      null::text as role,
      null::text as response,
      null::bigint as prompt_tokens,
      null::bigint as completion_tokens,
      null::timestamptz as responded_at
  ) as absent
  cross join lateral (
    select
      id,
      jsonb_build_array(organization_id::text, session_id::text) as session,
      widget_id::text as widget_id,
      user_id::text as user_id,
      coalesce(role::text, 'user') as role,
      nullif(message::text, '') as message,
      nullif(response::text, '') as response,
      case when prompt_tokens between 0 and 2147483647 then prompt_tokens::numeric end as reported_prompt,
      case when completion_tokens between 0 and 2147483647 then completion_tokens::numeric end as reported_completion,
      case when created_at > '-infinity' and created_at < '200000-01-01 00:00:00+00' then created_at::timestamptz end
        as created_at,
      case when responded_at > '-infinity' and responded_at < '200000-01-01 00:00:00+00' then responded_at::timestamptz end
        as responded_at
    from public.conversations
    where session_id is not null
  ) as own
),

-- Who said what: the user's text, the two places of an AI's text.
texts as (
  select
    id,
    session,
    widget_id,
    user_id,
    created_at,
    case when response is not null then responded_at end as responded_at,
    case when role = 'user' then message end as question,
    case when role = 'assistant' then message end as statement,
    response as answer,
    reported_prompt,
    reported_completion
  from message_rows
),

counts as (
  select
    texts.*,
    exact.prompt as exact_prompt,
    exact.completion as exact_completion,
    num_nonnulls(question) as user_messages,
    num_nonnulls(statement, answer) as ai_messages,
    coalesce(ceil(char_length(question) / 4.0), 0) as estimated_prompt,
    coalesce(ceil(char_length(statement) / 4.0), 0)
      + coalesce(ceil(char_length(answer) / 4.0), 0) as estimated_completion
  from texts
  left join exact_counts as exact on exact.id = texts.id::text
),

in_order as (
  select
    *,
    row_number() over session_order as place,
    lead(created_at) over session_order as next_created_at,
    lead(user_messages) over session_order as next_user_messages,
    lead(ai_messages) over session_order as next_ai_messages
  from counts
  window session_order as (partition by session order by created_at asc nulls last, id asc)
),

answered as (
  select
    *,
    case
      when question is null then null
      when answer is not null then extract(epoch from responded_at) - extract(epoch from created_at)
      when next_ai_messages > 0 and next_user_messages = 0
        then extract(epoch from next_created_at) - extract(epoch from created_at)
    end as response_seconds
  from in_order
),

conversation_sessions as (
  select
    session,
    -- ids of any type: not every type has min()
    (array_agg(id::text order by place))[1] as conversation_id,
    (array_agg(widget_id order by place))[1] as widget_id,
    (array_agg(user_id order by place))[1] as user_id,
    sum(user_messages) as user_messages,
    sum(ai_messages) as ai_messages,
    sum(case when user_messages = 0 then 0 else coalesce(reported_prompt, exact_prompt, estimated_prompt) end)
      as prompt_tokens,
    sum(case when ai_messages = 0 then 0 else coalesce(reported_completion, exact_completion, estimated_completion) end)
      as completion_tokens,
    sum(
      case when coalesce(reported_prompt, exact_prompt) is null then user_messages else 0 end
      + case when coalesce(reported_completion, exact_completion) is null then ai_messages else 0 end
    ) as estimated_messages,
    min(created_at) as conversation_start,
    greatest(max(created_at), max(responded_at)) as conversation_end,
    count(response_seconds) as response_count,
    coalesce(sum(greatest(response_seconds, 0) * 1000000), 0) as response_us_sum,
    count(*) as message_rows,
    count(*) filter (where question is not null and answer is null) as open_rows
  from answered
  group by session
),

lead_rows as (
  select own.*
  from (
    select
      null::bigint as organization_id,
      null::text as name,
      null::text as email,
      null::text as company,
      null::timestamptz as created_at
  ) as absent
  cross join lateral (
    select
      jsonb_build_array(organization_id::text, session_id::text) as session,
      name::text as lead_name,
      email::text as lead_email,
      company::text as lead_company,
      row_number() over (
        partition by organization_id, session_id
        order by
          case when created_at > '-infinity' and created_at < '200000-01-01 00:00:00+00' then created_at end desc nulls last,
          id desc
      ) as recency
    from public.leads
    where session_id is not null
  ) as own
),

rating_rows as (
  select own.*
  from (
    select
      null::bigint as organization_id,
      null::text as session_id,
      null::bigint as conversation_id
  ) as absent
  cross join lateral (
    select
      case when session_id is not null then jsonb_build_array(organization_id::text, session_id::text) end as session,
      conversation_id::text as conversation_id,
      rating::numeric as rating
    from public.feedback
    where rating between 1 and 5
  ) as own
),

ratings as (
  select
    coalesce(own.session, rated.session) as session,
    count(*) as rating_count,
    sum(own.rating) as rating_sum
  from rating_rows as own
  left join message_rows as rated on rated.id::text = own.conversation_id
  group by coalesce(own.session, rated.session)
)

select
  s.session ->> 0 as organization_id,
  s.session ->> 1 as session_id,
  s.conversation_id,
  s.widget_id,
  s.user_id,
  s.user_messages::numeric as user_messages,
  s.ai_messages::numeric as ai_messages,
  (s.user_messages + s.ai_messages)::numeric as total_messages,
  s.prompt_tokens::numeric as prompt_tokens,
  s.completion_tokens::numeric as completion_tokens,
  (s.prompt_tokens + s.completion_tokens)::numeric as total_tokens,
  s.estimated_messages::numeric as estimated_messages,
  s.conversation_start,
  s.conversation_end,
  (extract(epoch from s.conversation_end) - extract(epoch from s.conversation_start))::double precision
    as conversation_duration,
  s.response_count::numeric as response_count,
  s.response_us_sum::numeric as response_us_sum,
  (s.response_us_sum / 1000000 / nullif(s.response_count, 0))::double precision as average_response_time,
  l.session is not null as has_lead,
  l.lead_name,
  l.lead_email,
  l.lead_company,
  coalesce(r.rating_count, 0)::numeric as rating_count,
  coalesce(r.rating_sum, 0)::numeric as rating_sum,
  (r.rating_sum / r.rating_count)::double precision as user_satisfaction,
  s.message_rows::numeric as message_rows,
  s.open_rows::numeric as open_rows
from conversation_sessions as s
left join lead_rows as l on l.session = s.session and l.recency = 1
left join ratings as r on r.session = s.session
