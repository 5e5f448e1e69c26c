-- The same figures by day from conversation_metrics, as somebody would write it.
select
  date_trunc('day', conversation_start, 'UTC') as day, count(*) as conversations, sum(total_messages) as messages,
  sum(user_messages) as user_messages, sum(ai_messages) as ai_messages, sum(total_tokens) as total_tokens,
  sum(prompt_tokens) as prompt_tokens, sum(completion_tokens) as completion_tokens,
  sum(estimated_messages) as estimated_messages, count(*) filter (where has_lead) as leads,
  sum(rating_sum) / nullif(sum(rating_count), 0) as average_satisfaction, sum(rating_count) as ratings,
  sum(response_us_sum) / nullif(sum(response_count), 0) as average_response_time, avg(conversation_duration) as average_duration
from public.conversation_metrics
where organization_id = 1 and conversation_start >= $1 and conversation_start < $2
group by 1
order by 1
