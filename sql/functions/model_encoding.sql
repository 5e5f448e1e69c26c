create or replace function metrics.model_encoding(model text)
returns table (encoding metrics.encoding, assumed boolean)
language sql stable parallel safe
begin atomic
  select e.encoding, e.model = ''
  from metrics.model_encodings as e
  cross join (
    values
      (lower(coalesce(model_encoding.model, ''))),
      -- A provider's path and the mark of a fine-tuned model stand before the name: openai/ft:gpt-4o:acme
      (regexp_replace(lower(coalesce(model_encoding.model, '')), '^(.*/)?(ft:)?', ''))
  ) as named (model)
  where case when e.is_prefix then starts_with(named.model, e.model) else named.model = e.model end
  order by e.is_prefix, length(e.model) desc
  limit 1;
end;

comment on function metrics.model_encoding(text) is
  'The encoding for a model by metrics.model_encodings: exact name, else longest prefix, else the default (assumed is true then). Upper and lower case are the same.';
