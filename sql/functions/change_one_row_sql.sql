-- What the row is now is read by its id and not from the transition table: a trigger of the
-- application's may have changed it again, and been counted already. A mapping of the application's own
-- making cannot always be read for what the row was.
create or replace function metrics.change_one_row_sql(source metrics.sources) returns text
language sql stable
set search_path = pg_catalog, pg_temp
return case when source.is_view then '' else format(
  $sql$
    select
      case
        when before *= source then true
        else metrics.change_in_place(
          row(
            source.conversation_id, source.organization_id, source.session_id, source.widget_id, source.user_id, counted.*
          )::metrics.counted_messages,
          -- By the bytes: a collation may find different texts equal.
          (before.role collate "C", before.message collate "C", before.model collate "C", before.prompt_tokens)
            is distinct from
            (source.role collate "C", source.message collate "C", source.model collate "C", source.prompt_tokens),
          (before.role collate "C", before.message collate "C", before.response collate "C", before.model collate "C", before.completion_tokens)
            is distinct from
            (source.role collate "C", source.message collate "C", source.response collate "C", source.model collate "C", source.completion_tokens)
        )
      end
    into is_done
    from (%1$s) as before
    join (select %2$s as id from inserted as source) as after on after.id = before.conversation_id
    join metrics.source_messages as source on source.conversation_id = before.conversation_id
    cross join lateral metrics.count_message(
      source.organization_id::text, source.session_id::text, source.role, source.message, source.response,
      source.prompt_tokens, source.completion_tokens, source.created_at, source.responded_at
    ) as counted
    where not exists (select from deleted offset 1);
    if is_done then
      return null;
    end if;
  $sql$,
  format(source.mapping, 'deleted'), source.row_key
) end;

comment on function metrics.change_one_row_sql(metrics.sources) is
  'The text by which the trigger of an UPDATE counts the change of a single row in its place; where that is not all, it goes on.';
