create or replace function metrics.text_statement(of_schema name, of_kind text, ids text[]) returns text
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
  source record;
begin
  if ids = '{}' then
    return null;
  end if;
  execute format('select s.relation, s.is_view from %I.sources as s where s.kind = $1', of_schema) into source using of_kind;
  if source.is_view then
    return format('Texts are the application''s to delete, in %s, ids %s.', source.relation, array_to_string(ids, ', '));
  end if;
  return format('Where texts are to go as well: update %s set %s where id::text = any(%L)', source.relation, (
    select string_agg(format('%1$I = case when %1$I <> '''' then ''(erased)'' end', a.attname), ', ' order by a.attnum)
    from pg_attribute as a
    where a.attrelid = source.relation and a.attname in ('message', 'response', 'feedback_text') and not a.attisdropped
  ), ids);
end; $$;

comment on function metrics.text_statement(name, text, text[]) is
  'How the texts of these rows can be erased: a statement over adopted tables. Messages stay messages; tokens that we counted are those of the new text then.';
