create or replace function public.report_tokens(
  filter public.report_filter default public.report_filter(),
  split_by text default 'model',
  prices text default 'charged',
  what_if jsonb default null,
  currency text default 'USD'
) returns table (
  key text,
  messages bigint,
  total_tokens bigint,
  prompt_tokens bigint,
  completion_tokens bigint,
  estimated_tokens bigint,
  counted_tokens bigint,
  reported_tokens bigint,
  cost numeric,
  unpriced_messages bigint,
  unpriced_tokens bigint,
  previous_messages bigint,
  previous_total_tokens bigint,
  previous_cost numeric,
  previous_unpriced_tokens bigint
)
language plpgsql stable
set search_path = pg_catalog, pg_temp
set jit = off
as $$
#variable_conflict use_column
declare
  f constant public.report_filter := metrics.checked_filter(filter);
  before constant record := metrics.previous_period(f);
begin
  perform metrics.split_key(split_by, array['model', 'widget', 'day', 'total']);
  perform metrics.checked_prices(prices, what_if, report_tokens.currency);
  return query
  with parts as materialized (
    select false as is_before, c.*
    from metrics.token_costs(f, split_by, 0, interval '0', prices, what_if, report_tokens.currency) as c
    union all
    select true, p.*
    from metrics.token_costs(before.filter_before, split_by, before.days, before.duration, prices, what_if,
      report_tokens.currency) as p
    where before.is_there
  )
  select
    k.key,
    coalesce(c.messages, 0), coalesce(c.prompt_tokens + c.completion_tokens, 0), coalesce(c.prompt_tokens, 0),
    coalesce(c.completion_tokens, 0), coalesce(c.estimated_tokens, 0), coalesce(c.counted_tokens, 0),
    coalesce(c.reported_tokens, 0),
    -- Nothing costs nothing; something without a price is not known.
    case when c.messages > 0 then c.cost else 0 end,
    coalesce(c.unpriced_messages, 0), coalesce(c.unpriced_tokens, 0),
    case when before.is_there then coalesce(p.messages, 0) end,
    case when before.is_there then coalesce(p.prompt_tokens + p.completion_tokens, 0) end,
    case when before.is_there then case when p.messages > 0 then p.cost else 0 end end,
    case when before.is_there then coalesce(p.unpriced_tokens, 0) end
  from metrics.report_keys(f, split_by, array(select distinct s.key from parts as s)) as k
  left join parts as c on not c.is_before and c.key is not distinct from k.key
  left join parts as p on p.is_before and p.key is not distinct from k.key
  order by case split_by when 'day' then k.key end, coalesce(c.prompt_tokens + c.completion_tokens, 0) desc,
    k.key collate "C";
end; $$;

comment on function public.report_tokens(public.report_filter, text, text, jsonb, text) is
  'Tokens and their cost over the conversations whose conversation_start is in the filter''s range, by split_by: model (key NULL: none given), widget, day (of conversation_start in the filter''s time zone, empty days too) or total. estimated + counted + reported = total tokens, by where the count is from. cost is in the currency, by metrics.model_prices: prices = charged (at the time of each message) or today; what_if = other prices, {"gpt-4o": {"prompt": 2.5, "completion": 10}, "gpt-*": …}, per 1,000,000 tokens. What has no price is in unpriced_messages and unpriced_tokens and not in cost, which is NULL where nothing has one. Beside it the previous period of equal length.';
