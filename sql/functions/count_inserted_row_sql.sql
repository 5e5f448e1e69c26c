-- An application's usual INSERT of one row: neither grouping nor lookups. Not an upsert of the metrics
-- row, since that would set up a whole new one each time. What the row adds comes back column by column,
-- which costs less than a record, and is computed here, before the metrics row is locked. The check for a
-- single row is a query of its own, since PostgreSQL walks through the whole of one that has a sub-select
-- at each use.
create or replace function metrics.count_inserted_row_sql(source metrics.sources) returns text
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
  ledger constant text := 'conversation_id, session_key, created_at, ended_at, user_messages, ai_messages, '
    'prompt_tokens, completion_tokens, prompt_source, completion_source, response_us';
  row_query constant text := format(
    $sql$
      select
        source.conversation_id, counted.session_key, counted.created_at, counted.ended_at,
        counted.user_messages, counted.ai_messages, counted.prompt_tokens, counted.completion_tokens,
        counted.prompt_source, counted.completion_source, counted.response_us %%s
      from (select where not exists (select from inserted offset 1)) as single
      cross join %s$sql$,
    replace(metrics.counting_sql(format(source.mapping, 'inserted'), ''), '%', '%%')
  );
  counted_columns constant text := regexp_replace(ledger, '\m', 'counted_row.', 'g');
  row_added constant text := $sql$
      on conflict (conversation_id) do nothing
      returning
        conversation_id, session_key, created_at, ended_at, user_messages, ai_messages, prompt_tokens, completion_tokens,
        metrics.estimated_messages(user_messages, prompt_source, ai_messages, completion_source), response_us,
        metrics.is_open(user_messages, ai_messages)::integer, metrics.row_lag(created_at, ended_at)
      into
        added_id, added_session_key, added_created_at, added_ended_at, added_user_messages, added_ai_messages,
        added_prompt_tokens, added_completion_tokens, added_estimated_messages, added_response_us,
        added_open_rows, added_lag;
  $sql$;
begin
  if not source.is_view then
    return format('insert into metrics.messages (%s) %s', ledger, format(row_query, '')) || row_added;
  end if;
  -- Read apart from the write, which then needs no subtransaction: see metrics.guarded.
  return format(
    $sql$
      declare
        counted_row metrics.messages;
      begin
        %s
        if counted_row.conversation_id is not null then
          insert into metrics.messages (%s) values (%s) %s
        end if;
      end;
    $sql$,
    metrics.guarded(
      source, format(row_query, format('into %s', counted_columns)) || ';', 'select %s from inserted as source'
    ),
    ledger, counted_columns, row_added
  );
end; $$;

comment on function metrics.count_inserted_row_sql(metrics.sources) is
  'The text by which the trigger of an INSERT puts a single row into the ledger; leaves it in the variables added_id, added_session_key and so on.';
