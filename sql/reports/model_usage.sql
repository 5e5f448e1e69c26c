-- The model is in the application's rows alone, so they are read by id, and of them nothing else.
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
begin
  return query execute format(
    $sql$
    select
      %1$s, x.model,
      -- Nothing is charged before it is sent: a row without a time, or ahead of time, counts as of now.
      width_bucket(least(l.created_at, now()), $4),
      sum(l.user_messages + l.ai_messages), sum(l.prompt_tokens), sum(l.completion_tokens),
      sum(case l.prompt_source when 'estimate' then l.prompt_tokens else 0 end
        + case l.completion_source when 'estimate' then l.completion_tokens else 0 end),
      sum(case l.prompt_source when 'tiktoken' then l.prompt_tokens else 0 end
        + case l.completion_source when 'tiktoken' then l.completion_tokens else 0 end),
      sum(case l.prompt_source when 'provider' then l.prompt_tokens else 0 end
        + case l.completion_source when 'provider' then l.completion_tokens else 0 end)
    from public.report_sessions($1) as m
    join %2$I.messages as l on l.session_key = m.session_key
    left join %2$I.source_messages as x on x.conversation_id = l.conversation_id
    where l.user_messages + l.ai_messages > 0
    group by 1, 2, 3
    $sql$,
    metrics.split_key(split_by, array['model', 'widget', 'day', 'model_day', 'total']), metrics.source_schema(filter.source)
  ) using filter, days, duration, price_changes;
end; $$;

comment on function metrics.model_usage(public.report_filter, text, integer, interval, timestamptz[]) is
  'Messages and tokens of a filter''s conversations by a key, by model, and by the stretch between two changes of prices in which they were sent.';
