create type metrics.session_delta as (
  session_key uuid,
  message_rows integer,
  user_messages integer,
  ai_messages integer,
  prompt_tokens bigint,
  completion_tokens bigint,
  estimated_messages integer,
  open_rows integer,
  response_count integer,
  response_us_sum numeric,
  longest_lag interval,
  removed_end timestamptz,
  added_end timestamptz,
  changed_from timestamptz,
  changed_to timestamptz
);

comment on type metrics.session_delta is
  'What a change of ledger rows adds to a session''s sums, the longest lag among them, the latest end among those removed and those added, and the stretch of time in which rows changed.';
