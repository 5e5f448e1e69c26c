create type metrics.encoding as enum ('gpt2', 'r50k_base', 'p50k_base', 'p50k_edit', 'cl100k_base', 'o200k_base');

comment on type metrics.encoding is 'The byte-pair encodings of tiktoken.';
