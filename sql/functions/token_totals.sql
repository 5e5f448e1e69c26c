create or replace function metrics.token_totals() returns table (
  estimated bigint,
  counted bigint,
  reported bigint,
  failed bigint,
  oldest_waiting interval
)
language sql stable parallel safe
begin atomic
  select
    coalesce(sum(
      case when l.prompt_source in ('estimate', 'kept') then l.user_messages else 0 end
        + case when l.completion_source in ('estimate', 'kept') then l.ai_messages else 0 end
    ), 0),
    coalesce(sum(
      case when l.prompt_source = 'tiktoken' then l.user_messages else 0 end
        + case when l.completion_source = 'tiktoken' then l.ai_messages else 0 end
    ), 0),
    coalesce(sum(
      case when l.prompt_source = 'provider' then l.user_messages else 0 end
        + case when l.completion_source = 'provider' then l.ai_messages else 0 end
    ), 0),
    (select count(*) from metrics.token_retries as r where r.retry_at = 'infinity'),
    clock_timestamp() - (
      select min(waiting.counted_at)
      from metrics.messages as waiting
      where (waiting.prompt_source = 'estimate' or waiting.completion_source = 'estimate')
        and not exists (
          select from metrics.token_retries as r
          where r.conversation_id = waiting.conversation_id and r.retry_at = 'infinity'
        )
    )
  from metrics.messages as l;
end;

comment on function metrics.token_totals() is
  'How many messages'' tokens are estimated, exactly counted and reported by the provider, how many rows were given up, and how long the oldest row has waited to be counted (NULL: none waits).';
