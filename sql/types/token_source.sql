create type metrics.token_source as enum ('estimate', 'tiktoken', 'provider');

comment on type metrics.token_source is
  'Where a token count comes from: estimate = ceil(characters / 4); tiktoken = the exact tokenizer; provider = usage reported on the row.';
