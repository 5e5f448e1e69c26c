create or replace function metrics.price_at(model text, at timestamptz, currency text, what_if jsonb)
returns table (prompt_price numeric, completion_price numeric)
language sql stable parallel safe
begin atomic
  select p.prompt_price, p.completion_price
  from (
    select true as supposed, rtrim(lower(w.key), '*') as model, w.key like '%*' as is_prefix, null::timestamptz as valid_from,
      (w.value ->> 'prompt')::numeric as prompt_price, (w.value ->> 'completion')::numeric as completion_price
    from jsonb_each(what_if) as w
    union all
    select false, m.model, m.is_prefix, m.valid_from, m.prompt_price, m.completion_price
    from metrics.model_prices as m
    where m.currency = price_at.currency and m.valid_from <= price_at.at
  ) as p
  cross join (
    values
      (lower(coalesce(price_at.model, ''))),
      -- A provider's path stands before the name: openai/gpt-4o. A fine-tuned model (ft:gpt-4o:acme) costs something else.
      (regexp_replace(lower(coalesce(price_at.model, '')), '^.*/', ''))
  ) as named (model)
  where case when p.is_prefix then starts_with(named.model, p.model) else named.model = p.model end
  order by p.supposed desc, p.is_prefix, length(p.model) desc, p.valid_from desc
  limit 1;
end;

comment on function metrics.price_at(text, timestamptz, text, jsonb) is
  'What 1,000,000 tokens of a model cost at a time, by what_if, else by metrics.model_prices: exact name, else longest prefix, each at its latest price of then; no row where it has no price. Upper and lower case are the same.';
