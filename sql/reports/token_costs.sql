create or replace function metrics.token_costs(
  filter public.report_filter, split_by text, days integer, duration interval, prices text, what_if jsonb, currency text
) returns table (
  key text,
  messages bigint,
  prompt_tokens bigint,
  completion_tokens bigint,
  estimated_tokens bigint,
  counted_tokens bigint,
  reported_tokens bigint,
  cost numeric,
  unpriced_messages bigint,
  unpriced_tokens bigint
)
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
  -- Between two of them every model has one price, so it is looked up once for each and not for each message.
  changes constant timestamptz[] := array(
    select '-infinity'::timestamptz
    union
    select m.valid_from from metrics.model_prices as m where m.currency = token_costs.currency
    order by 1
  );
begin
  return query
  select
    u.key, sum(u.messages)::bigint, sum(u.prompt_tokens)::bigint, sum(u.completion_tokens)::bigint,
    sum(u.estimated_tokens)::bigint, sum(u.counted_tokens)::bigint, sum(u.reported_tokens)::bigint,
    -- Times a millionth, not divided by a million: exact.
    sum(u.prompt_tokens * p.prompt_price + u.completion_tokens * p.completion_price) * 0.000001,
    coalesce(sum(u.messages) filter (where p.prompt_price is null), 0)::bigint,
    coalesce(sum(u.prompt_tokens + u.completion_tokens) filter (where p.prompt_price is null), 0)::bigint
  from metrics.model_usage(filter, split_by, days, duration, changes) as u
  left join lateral metrics.price_at(
    u.model, case prices when 'today' then now() else changes[u.price_period] end, token_costs.currency, what_if
  ) as p on true
  group by u.key;
end; $$;

comment on function metrics.token_costs(public.report_filter, text, integer, interval, text, jsonb, text) is
  'Tokens by a key and what they cost; cost is NULL where nothing of it has a price, and unpriced_* say how much has none.';
