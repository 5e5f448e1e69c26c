-- The fence (offset 0) keeps the parts from being copied into each place that asks for them: each step of
-- an expression costs an INSERT three times, when it is set up, checked and run. It lies around the rows
-- and not beside them (as in metrics.counted_messages, where a condition has to reach the table), which
-- spares the join.
create or replace function metrics.counting_sql(source_query text) returns text
language sql immutable
begin atomic
  select format(
    $sql$
      (
        select source.*, part.*
        from (%s) as source
        cross join lateral metrics.message_parts(
          source.role, source.message, source.response, source.created_at, source.responded_at
        ) as part
        offset 0
      ) as source
      cross join lateral metrics.count_message(
        source.organization_id::text, source.session_id::text, source.prompt_tokens, source.completion_tokens,
        source.sent_at, source.answered_at, source.user_length, source.assistant_length, source.response_length
      ) as counted
    $sql$,
    source_query
  );
end;

comment on function metrics.counting_sql(text) is
  'The FROM items that count the canonical rows of a query: the rows as source, what each counts for as counted.';
