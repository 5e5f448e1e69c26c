-- In one statement, so that it sees one moment: between two, a commit would look like drift. By index
-- only, so that it costs the same in a database of any size.
create or replace function metrics.session_drift(keys uuid[], ids anyarray)
returns table (session_key uuid, column_name text)
language plpgsql stable
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_hashjoin = off
set enable_mergejoin = off
set enable_seqscan = off
set join_collapse_limit = 8
set from_collapse_limit = 8
set jit = off
as $$
begin
  return query
    with entries as materialized (
      select l.conversation_id from unnest(keys) as key join metrics.messages as l on l.session_key = key
      union
      select id from unnest(ids) as id
    )
    select affected.session_key, 'ledger'
    from entries
    left join metrics.messages as l on l.conversation_id = entries.conversation_id
    left join metrics.counted_messages as c on c.conversation_id = entries.conversation_id
    -- An entry counted in a wrong session makes both wrong.
    cross join lateral (values (l.session_key), (c.session_key)) as affected (session_key)
    where affected.session_key is not null
      and (
        l.session_key, l.created_at, l.ended_at, l.user_messages, l.ai_messages,
        l.prompt_tokens, l.completion_tokens, l.prompt_source, l.completion_source,
        case when not metrics.is_open(l.user_messages, l.ai_messages) then l.response_us end
      ) is distinct from (
        c.session_key, c.created_at, c.ended_at, c.user_messages, c.ai_messages,
        c.prompt_tokens, c.completion_tokens, c.prompt_source, c.completion_source, c.response_us
      )
    union
    select question.session_key, 'ledger'
    from (
      select
        l.session_key, l.response_us,
        metrics.is_open(l.user_messages, l.ai_messages) as is_open,
        case when lead(l.ai_messages) over next_row > 0 and lead(l.user_messages) over next_row = 0 then
          metrics.response_us(nullif(l.created_at, 'infinity'), nullif(lead(l.created_at) over next_row, 'infinity'))
        end as answered_us
      from unnest(keys) as key
      join metrics.messages as l on l.session_key = key
      window next_row as (partition by l.session_key order by l.created_at, l.conversation_id)
    ) as question
    where question.is_open and question.response_us is distinct from question.answered_us
    union
    select key, compared.column_name
    from unnest(keys) as key
    cross join lateral metrics.session_total(key) as total
    left join lateral metrics.session_bounds(key, '100 years') as bounds on true
    left join metrics.session_metrics as m on m.session_key = key
    left join metrics.source_messages as first on first.conversation_id = bounds.conversation_id
    cross join lateral (
      values
        ('conversation_id', m.conversation_id is distinct from bounds.conversation_id),
        ('widget_id', m.widget_id is distinct from first.widget_id),
        ('user_id', m.user_id is distinct from first.user_id),
        ('conversation_start', m.conversation_start is distinct from bounds.conversation_start),
        ('conversation_end', m.conversation_end is distinct from bounds.conversation_end),
        ('message_rows', m.message_rows <> total.message_rows),
        ('user_messages', m.user_messages <> total.user_messages),
        ('ai_messages', m.ai_messages <> total.ai_messages),
        ('prompt_tokens', m.prompt_tokens <> total.prompt_tokens),
        ('completion_tokens', m.completion_tokens <> total.completion_tokens),
        ('estimated_messages', m.estimated_messages <> total.estimated_messages),
        ('open_rows', m.open_rows <> total.open_rows),
        ('response_count', m.response_count <> total.response_count),
        ('response_us_sum', m.response_us_sum <> total.response_us_sum)
    ) as compared (column_name, differs)
    -- Neither rows nor metrics: a session that is gone, and rightly so.
    where compared.differs
    union
    select m.session_key, 'archived_at'
    from unnest(keys) as key
    join public.conversation_metrics as m on m.session_key = key
    join public.conversation_metrics_archive as a on a.session_key = key;
end; $$;

comment on function metrics.session_drift(uuid[], anyarray) is
  'Where the metrics of these sessions differ from the ledger, or their ledger entries and those of these message rows from the source: session and column, ''ledger'' for entries. metrics.conversation_metrics_drift checks all.';
