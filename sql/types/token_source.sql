create type metrics.token_source as enum ('estimate', 'tiktoken', 'provider', 'kept');

comment on type metrics.token_source is
  'Where a token count comes from: estimate = ceil(characters / 4); tiktoken = the exact tokenizer; provider = usage reported on the row; kept = an estimate whose text was emptied (metrics.keep_numbers), so that no exact count follows.';
