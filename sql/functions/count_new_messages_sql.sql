-- One statement for many new rows: used by the trigger over a large INSERT's transition table and
-- by the backfill over the source table, hence a text. Planned at each use, as its size varies.
-- Hash aggregation and a join on the smallest time find the first row of each session without
-- sorting all rows; only the metrics rows are sorted, for the order of their locks.
create or replace function metrics.count_new_messages_sql(source_query text) returns text
language sql immutable
begin atomic
  select format(
    $sql$
    with counted as materialized (
      select source.conversation_id, source.organization_id, source.session_id, source.widget_id, source.user_id,
        counted.*
      from %s
    ),
    added as (
      insert into metrics.messages (
        conversation_id, session_key, created_at, ended_at, user_messages, ai_messages,
        prompt_tokens, completion_tokens, prompt_source, completion_source, response_us
      )
      select
        conversation_id, session_key, created_at, ended_at, user_messages, ai_messages,
        prompt_tokens, completion_tokens, prompt_source, completion_source, response_us
      from counted
      -- No more than is asked of it: this is written to disk where there are many.
      returning
        session_key, created_at, ended_at, user_messages, ai_messages, prompt_tokens, completion_tokens,
        metrics.estimated_messages(user_messages, prompt_source, ai_messages, completion_source) as estimated_messages,
        response_us
    ),
    summed as materialized (
      select
        session_key,
        count(*)::integer as message_rows,
        sum(user_messages)::integer as user_messages,
        sum(ai_messages)::integer as ai_messages,
        sum(prompt_tokens) as prompt_tokens,
        sum(completion_tokens) as completion_tokens,
        sum(estimated_messages)::integer as estimated_messages,
        count(*) filter (where metrics.is_open(user_messages, ai_messages))::integer as open_rows,
        count(response_us)::integer as response_count,
        coalesce(sum(response_us), 0) as response_us_sum,
        max(metrics.row_lag(created_at, ended_at)) as longest_lag,
        min(created_at) as first_created_at,
        max(created_at) as last_created_at,
        max(ended_at) as conversation_end
      from added
      group by session_key
    ),
    first as (
      select distinct on (summed.session_key) summed.*,
        counted.conversation_id, counted.session_id, counted.organization_id, counted.widget_id, counted.user_id
      from summed
      join counted
        on counted.session_key = summed.session_key and counted.created_at = summed.first_created_at
      order by summed.session_key, counted.conversation_id
    ),
    -- As metrics.enter_sessions: before any metrics row is locked or made.
    opened as (
      insert into metrics.sessions as s (session_key)
      select summed.session_key
      from summed
      left join public.conversation_metrics as m on m.session_key = summed.session_key
      where metrics.is_own(m.xmin) is not true
      order by summed.session_key
      on conflict (session_key) do update set is_known = true
      returning s.session_key, s.is_known, s.is_archived
    ),
    applied as (
      insert into public.conversation_metrics as m (
        session_key, conversation_id, session_id, organization_id, widget_id, user_id,
        user_messages, ai_messages, prompt_tokens, completion_tokens, estimated_messages,
        conversation_start, conversation_end, response_count, response_us_sum,
        message_rows, open_rows, longest_lag, created_at, updated_at
      )
      select
        session_key, conversation_id, session_id, organization_id, widget_id, user_id,
        user_messages, ai_messages, prompt_tokens, completion_tokens, estimated_messages,
        nullif(first_created_at, 'infinity'), conversation_end, response_count, response_us_sum,
        message_rows, open_rows, longest_lag, $1, $1
      from first
      where (select count(*) from opened) >= 0 -- Always; but then they are locked first.
        -- They come back first.
        and session_key not in (select session_key from opened where is_archived)
      order by session_key
      on conflict (session_key) do update set
        user_messages = m.user_messages + excluded.user_messages,
        ai_messages = m.ai_messages + excluded.ai_messages,
        prompt_tokens = m.prompt_tokens + excluded.prompt_tokens,
        completion_tokens = m.completion_tokens + excluded.completion_tokens,
        estimated_messages = m.estimated_messages + excluded.estimated_messages,
        conversation_end = greatest(m.conversation_end, excluded.conversation_end),
        response_count = m.response_count + excluded.response_count,
        response_us_sum = m.response_us_sum + excluded.response_us_sum,
        message_rows = m.message_rows + excluded.message_rows,
        open_rows = m.open_rows + excluded.open_rows,
        longest_lag = greatest(m.longest_lag, excluded.longest_lag),
        updated_at = excluded.updated_at
      -- A row before the first of its session changes where that begins: not here, since the row's old
      -- start is not known. The lock is taken all the same.
      where (coalesce(m.conversation_start, 'infinity'), m.conversation_id)
        < (coalesce(excluded.conversation_start, 'infinity'), excluded.conversation_id)
      returning m.session_key, m.open_rows, m.conversation_start, m.organization_id
    ),
    -- As metrics.mark_rollups.
    marked as (
      insert into metrics.rollup_changes (starts_at, organization_id)
      select distinct metrics.quarter_hour(conversation_start), organization_id::text
      from applied
      where conversation_start < clock_timestamp() - metrics.rollup_delay()
    )
    select
      (select array_agg(session_key) from opened where is_known),
      array_agg(metrics.stretch(summed.session_key, summed.first_created_at, summed.last_created_at))
        filter (where applied.open_rows > 0),
      array_agg(row(
        summed.session_key, summed.message_rows, summed.user_messages, summed.ai_messages, summed.prompt_tokens,
        summed.completion_tokens, summed.estimated_messages, summed.open_rows, summed.response_count,
        summed.response_us_sum, summed.longest_lag, null, summed.conversation_end, summed.first_created_at,
        summed.last_created_at
      )::metrics.session_delta) filter (where applied.session_key is null)
    from summed
    left join applied on applied.session_key = summed.session_key
    $sql$,
    metrics.counting_sql(source_query, 'source.widget_id, source.user_id,')
  );
end;

comment on function metrics.count_new_messages_sql(text) is
  'The statement that counts new rows, given as a query of canonical rows, into ledger and metrics. $1 is the time of the change. It fails with unique_violation where the ledger knows one of them already, or a metrics row names one as its first: ON CONFLICT would look for each row twice. It returns the sessions that may have leads or feedback, the stretches in which open questions may have found an answer, and what metrics.add_earlier_rows has yet to add.';
