-- The same as metrics.count_message for each row of a query, with the fence around the rows and not beside
-- them, which spares a join. No condition passes it, so it is for queries that are read whole. A column
-- that passes it and is not read costs its steps all the same, hence no more than are asked for.
create or replace function metrics.counting_sql(source_query text, other_columns text) returns text
language sql immutable
begin atomic
  select format(
    $sql$
      (
        select
          source.conversation_id, source.organization_id, source.session_id, %2$s
          source.prompt_tokens, source.completion_tokens, part.*
        from (%1$s) as source
        cross join lateral metrics.message_parts(
          source.role, source.message, source.response, source.created_at, source.responded_at
        ) as part
        offset 0
      ) as source
      cross join lateral metrics.count_parts(
        source.organization_id::text, source.session_id::text, source.prompt_tokens, source.completion_tokens,
        source.sent_at, source.answered_at, source.user_length, source.assistant_length, source.response_length
      ) as counted
    $sql$,
    source_query, other_columns
  );
end;

comment on function metrics.counting_sql(text, text) is
  'The FROM items that count the canonical rows of a query: the rows as source (conversation_id, organization_id, session_id and the other columns named, each with source. before and a comma behind it), what each counts for as counted.';
