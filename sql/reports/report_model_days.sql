create or replace function public.report_model_days(
  filter public.report_filter default public.report_filter(),
  prices text default 'charged',
  what_if jsonb default null,
  currency text default 'USD'
) returns table (
  day date,
  model text,
  messages bigint,
  total_tokens bigint,
  prompt_tokens bigint,
  completion_tokens bigint,
  cost numeric,
  unpriced_messages bigint,
  unpriced_tokens bigint
)
language plpgsql stable
set search_path = pg_catalog, pg_temp
set jit = off
as $$
#variable_conflict use_column
declare
  f constant public.report_filter := metrics.checked_filter(filter);
begin
  perform metrics.checked_prices(prices, what_if, report_model_days.currency);
  return query
  select
    (c.key::jsonb ->> 0)::date, c.key::jsonb ->> 1,
    c.messages, c.prompt_tokens + c.completion_tokens, c.prompt_tokens, c.completion_tokens, c.cost,
    c.unpriced_messages, c.unpriced_tokens
  from metrics.token_costs(f, 'model_day', 0, interval '0', prices, what_if, report_model_days.currency) as c
  order by 1, 4 desc, (c.key::jsonb ->> 1) collate "C";
end; $$;

comment on function public.report_model_days(public.report_filter, text, jsonb, text) is
  'Tokens and their cost for each day and model, over the conversations whose conversation_start is in the filter''s range: day (of conversation_start in the filter''s time zone; NULL: unknown), model (NULL: none given); days and models without a message have no row. Adds up to report_tokens by day and by model. cost is NULL where nothing has a price; prices, what_if and currency are those of report_tokens.';
