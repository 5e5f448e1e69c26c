create table metrics.model_prices (
  model text not null,
  is_prefix boolean not null default false,
  valid_from timestamptz not null default '-infinity',
  prompt_price numeric not null constraint model_prices_prompt_price_positive check (prompt_price >= 0),
  completion_price numeric not null constraint model_prices_completion_price_positive check (completion_price >= 0),
  currency text not null default 'USD' constraint model_prices_currency_code check (currency ~ '^[A-Z]{3}$'),
  source text,
  known_on date,
  constraint model_prices_pkey primary key (model, is_prefix, currency, valid_from),
  constraint model_prices_model_lower check (model = lower(model)),
  constraint model_prices_model_named check (model <> '' or is_prefix),
  -- NaN is above every number.
  constraint model_prices_finite check (prompt_price < 'infinity' and completion_price < 'infinity')
);

-- Whole names only: what a family's next model costs, nobody knows. To be checked before anybody relies on them.
insert into metrics.model_prices (model, valid_from, prompt_price, completion_price, source, known_on)
select model, (valid_from || ' 00:00+00')::timestamptz, prompt_price, completion_price, 'OpenAI API pricing page', date '2025-11-30'
from (
  values
    ('gpt-5.1', '2025-11-13', 1.25, 10.00),
    ('gpt-5', '2025-08-07', 1.25, 10.00), ('gpt-5-2025-08-07', '2025-08-07', 1.25, 10.00),
    ('gpt-5-chat-latest', '2025-08-07', 1.25, 10.00),
    ('gpt-5-mini', '2025-08-07', 0.25, 2.00), ('gpt-5-mini-2025-08-07', '2025-08-07', 0.25, 2.00),
    ('gpt-5-nano', '2025-08-07', 0.05, 0.40), ('gpt-5-nano-2025-08-07', '2025-08-07', 0.05, 0.40),
    ('gpt-4.1', '2025-04-14', 2.00, 8.00), ('gpt-4.1-2025-04-14', '2025-04-14', 2.00, 8.00),
    ('gpt-4.1-mini', '2025-04-14', 0.40, 1.60), ('gpt-4.1-mini-2025-04-14', '2025-04-14', 0.40, 1.60),
    ('gpt-4.1-nano', '2025-04-14', 0.10, 0.40), ('gpt-4.1-nano-2025-04-14', '2025-04-14', 0.10, 0.40),
    ('gpt-4o', '2024-05-13', 5.00, 15.00), ('gpt-4o', '2024-10-02', 2.50, 10.00),
    ('gpt-4o-2024-05-13', '2024-05-13', 5.00, 15.00),
    ('gpt-4o-2024-08-06', '2024-08-06', 2.50, 10.00),
    ('gpt-4o-2024-11-20', '2024-11-20', 2.50, 10.00),
    ('chatgpt-4o-latest', '2024-08-15', 5.00, 15.00),
    ('gpt-4o-mini', '2024-07-18', 0.15, 0.60), ('gpt-4o-mini-2024-07-18', '2024-07-18', 0.15, 0.60),
    ('o4-mini', '2025-04-16', 1.10, 4.40), ('o4-mini-2025-04-16', '2025-04-16', 1.10, 4.40),
    ('o3', '2025-04-16', 10.00, 40.00), ('o3', '2025-06-10', 2.00, 8.00),
    ('o3-2025-04-16', '2025-04-16', 10.00, 40.00), ('o3-2025-04-16', '2025-06-10', 2.00, 8.00),
    ('o3-mini', '2025-01-31', 1.10, 4.40), ('o3-mini-2025-01-31', '2025-01-31', 1.10, 4.40),
    ('o1', '2024-12-17', 15.00, 60.00), ('o1-2024-12-17', '2024-12-17', 15.00, 60.00),
    ('o1-preview', '2024-09-12', 15.00, 60.00), ('o1-preview-2024-09-12', '2024-09-12', 15.00, 60.00),
    ('gpt-4-turbo', '2024-04-09', 10.00, 30.00), ('gpt-4-turbo-2024-04-09', '2024-04-09', 10.00, 30.00),
    ('gpt-4-0125-preview', '2024-01-25', 10.00, 30.00),
    ('gpt-4-1106-preview', '2023-11-06', 10.00, 30.00),
    ('gpt-4', '2023-03-14', 30.00, 60.00), ('gpt-4-0613', '2023-06-13', 30.00, 60.00),
    ('gpt-3.5-turbo', '2024-02-16', 0.50, 1.50), ('gpt-3.5-turbo-0125', '2024-01-25', 0.50, 1.50),
    ('gpt-3.5-turbo-1106', '2023-11-06', 1.00, 2.00)
) as list (model, valid_from, prompt_price, completion_price);

comment on table metrics.model_prices is
  'What tokens cost, per 1,000,000. Yours to edit: add a row for a new price and leave the old one, which what was charged then follows from. The rows that were shipped are list prices as known on known_on, without discounts for cached or batched tokens: check them.';
comment on column metrics.model_prices.model is 'Name of the model in lower case, or how the names of a family begin.';
comment on column metrics.model_prices.is_prefix is
  'Whether every model costs this whose name begins so. An exact name wins, then the longest prefix.';
comment on column metrics.model_prices.valid_from is 'From then on it costs this, until a later row of the same name.';
comment on column metrics.model_prices.prompt_price is 'Of 1,000,000 prompt tokens, in the currency.';
comment on column metrics.model_prices.completion_price is 'Of 1,000,000 completion tokens, in the currency.';
comment on column metrics.model_prices.currency is 'ISO 4217 code. A report is in one currency: what has no price in it is unpriced there.';
comment on column metrics.model_prices.source is 'Where the price is from.';
comment on column metrics.model_prices.known_on is 'The day on which it was known to be so.';
