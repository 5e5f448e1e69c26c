create or replace function metrics.checked_prices(prices text, what_if jsonb, currency text) returns void
language plpgsql immutable parallel safe
set search_path = pg_catalog, pg_temp
as $$
begin
  if prices is null or prices not in ('charged', 'today') then
    raise exception 'prices cannot be "%"', prices
      using errcode = 'invalid_parameter_value',
        hint = 'charged: the price at the time of each message; today: the present one.';
  elsif currency is null or currency !~ '^[A-Z]{3}$' then
    raise exception '"%" is no currency', currency
      using errcode = 'invalid_parameter_value', hint = 'Use the code of metrics.model_prices, for example USD.';
  elsif what_if is not null and (
    jsonb_typeof(what_if) <> 'object'
    or jsonb_path_exists(what_if, '$.* ? (!(@.prompt.type() == "number" && @.completion.type() == "number"
      && @.prompt >= 0 && @.completion >= 0))')
  ) then
    raise exception 'what_if is not a list of prices: %', left(what_if::text, 200)
      using errcode = 'invalid_parameter_value',
        hint = 'Prices of 1,000,000 tokens by model, a name ending in * stands for a family: {"gpt-4o": {"prompt": 2.5, "completion": 10}, "*": {"prompt": 1, "completion": 2}}';
  end if;
end; $$;

comment on function metrics.checked_prices(text, jsonb, text) is 'An error with a HINT where a report''s arguments about prices make no sense.';
