-- The model is in the application's rows alone, so they are read by id, and of them nothing else. No policy
-- of ours is on those: who reads some organizations alone has a view that joins them behind a barrier.
create or replace function metrics.model_usage(
  filter public.report_filter, split_by text, days integer, duration interval, price_changes timestamptz[]
) returns table (
  key text,
  model text,
  price_period integer,
  messages bigint,
  prompt_tokens bigint,
  completion_tokens bigint,
  estimated_tokens bigint,
  counted_tokens bigint,
  reported_tokens bigint
)
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
  ledger constant name := metrics.source_schema(filter.source);
begin
  return query execute format(
    $sql$
    select
      %1$s, x.model,
      -- Nothing is charged before it is sent: a row without a time, or ahead of time, counts as of now.
      width_bucket(least(l.created_at, now()), $4),
      sum(l.user_messages + l.ai_messages), sum(l.prompt_tokens), sum(l.completion_tokens),
      sum(case when l.prompt_source in ('estimate', 'kept') then l.prompt_tokens else 0 end)
        + sum(case when l.completion_source in ('estimate', 'kept') then l.completion_tokens else 0 end),
      sum(case l.prompt_source when 'tiktoken' then l.prompt_tokens else 0 end)
        + sum(case l.completion_source when 'tiktoken' then l.completion_tokens else 0 end),
      sum(case l.prompt_source when 'provider' then l.prompt_tokens else 0 end)
        + sum(case l.completion_source when 'provider' then l.completion_tokens else 0 end)
    from public.report_sessions($1) as m
    %2$s
    where l.user_messages + l.ai_messages > 0
    group by 1, 2, 3
    $sql$,
    metrics.split_key(split_by, array['model', 'widget', 'day', 'model_day', 'total']),
    format(
      case when has_column_privilege(format('%I.source_messages', ledger), 'model', 'select') then
        'join %1$I.messages as l on l.session_key = m.session_key '
        'left join %1$I.source_messages as x on x.conversation_id = l.conversation_id'
      else
        'join %1$I.readable_messages as l on l.session_key = m.session_key cross join lateral (select l.model) as x'
      end,
      ledger
    )
  ) using filter, days, duration, price_changes;
end; $$;

comment on function metrics.model_usage(public.report_filter, text, integer, interval, timestamptz[]) is
  'Messages and tokens of a filter''s conversations by a key, by model, and by the stretch between two changes of prices in which they were sent.';
