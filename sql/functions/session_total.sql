create or replace function metrics.session_total(of_session uuid) returns metrics.session_delta
language sql stable
begin atomic
  select
    of_session,
    count(*)::integer,
    coalesce(sum(l.user_messages), 0)::integer,
    coalesce(sum(l.ai_messages), 0)::integer,
    coalesce(sum(l.prompt_tokens), 0)::bigint,
    coalesce(sum(l.completion_tokens), 0)::bigint,
    coalesce(sum(metrics.estimated_messages(l.user_messages, l.prompt_source, l.ai_messages, l.completion_source)), 0)::integer,
    count(*) filter (where metrics.is_open(l.user_messages, l.ai_messages))::integer,
    count(l.response_us)::integer,
    coalesce(sum(l.response_us), 0),
    coalesce(max(metrics.row_lag(l.created_at, l.ended_at)), '0'),
    null::timestamptz,
    max(l.ended_at),
    min(l.created_at),
    max(l.created_at)
  from metrics.messages as l
  where l.session_key = of_session;
end;

comment on function metrics.session_total(uuid) is
  'The sums of one session over its ledger rows, as the difference from nothing.';
