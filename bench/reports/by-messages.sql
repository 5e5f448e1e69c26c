-- The same from the messages: what there is to do without any metrics.
select
  date_trunc('day', started, 'UTC') as day, count(*) as conversations, sum(user_messages + ai_messages) as messages,
  sum(user_messages) as user_messages, sum(ai_messages) as ai_messages, sum(prompt_tokens) as prompt_tokens,
  sum(completion_tokens) as completion_tokens, sum(answer_time) / nullif(sum(answers), 0) as average_response_time,
  avg(ended - started) as average_duration
from (
  select
    session_id, min(created_at) as started, max(greatest(created_at, responded_at)) as ended,
    count(*) filter (where message <> '' and coalesce(role, 'user') = 'user') as user_messages,
    count(*) filter (where response <> '' or (role = 'assistant' and message <> '')) as ai_messages,
    sum(coalesce(prompt_tokens, ceil(char_length(message) / 4.0))) as prompt_tokens,
    sum(coalesce(completion_tokens, ceil(char_length(response) / 4.0))) as completion_tokens,
    sum(responded_at - created_at) as answer_time, count(responded_at) as answers
  from public.conversations
  where organization_id = 1
  group by session_id
) as session
where started >= $1 and started < $2
group by 1
order by 1
