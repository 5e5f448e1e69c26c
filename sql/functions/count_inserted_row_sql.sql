-- An application's usual INSERT of one row: neither grouping nor lookups. Not an upsert of the metrics
-- row, since that would set up a whole new one each time.
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
      from %s
      where not exists (select from inserted offset 1)$sql$,
    replace(metrics.counting_sql(format(source.mapping, 'inserted')), '%', '%%')
  );
begin
  if not source.is_view then
    return format(
      'insert into metrics.messages (%s) %s on conflict (conversation_id) do nothing returning * into added;',
      ledger, format(row_query, '')
    );
  end if;
  -- Read apart from the write, which then needs no subtransaction: see metrics.guarded.
  return metrics.guarded(source, format(row_query, format('into %s', (
      select string_agg('added.' || name, ', ') from unnest(string_to_array(ledger, ', ')) as name
    ))) || ';', 'select %s from inserted as source')
    || format(
      $sql$
      if added.conversation_id is not null then
        insert into metrics.messages (%1$s)
        values (%2$s)
        on conflict (conversation_id) do nothing
        returning * into added;
      end if;
      $sql$,
      ledger, (select string_agg('added.' || name, ', ') from unnest(string_to_array(ledger, ', ')) as name)
    );
end; $$;

comment on function metrics.count_inserted_row_sql(metrics.sources) is
  'The text by which the trigger of an INSERT puts a single row into the ledger; leaves it in the variable added.';
