create or replace function metrics.text_statement(of_schema name, of_kind text, ids text[]) returns text
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
  source record;
  keeps boolean;
begin
  if ids = '{}' then
    return null;
  end if;
  execute format('select s.relation, s.is_view from %I.sources as s where s.kind = $1', of_schema) into source using of_kind;
  if source.is_view then
    return format('Texts are the application''s to delete, in %s, ids %s.', source.relation, array_to_string(ids, ', '));
  end if;
  execute format('select s.keeps_numbers from %I.settings as s', of_schema) into keeps;
  return format('Where texts are to go as well: update %s set %s where id::text = any(%L)', source.relation, (
    select string_agg(format('%1$I = case when %1$I <> '''' then %2$L end', a.attname,
      case when keeps and a.attname <> 'feedback_text' then '' else '(erased)' end), ', ' order by a.attnum)
    from pg_attribute as a
    where a.attrelid = source.relation and a.attname in ('message', 'response', 'feedback_text') and not a.attisdropped
  ), ids);
end; $$;

comment on function metrics.text_statement(name, text, text[]) is
  'How the texts of these rows can be erased: a statement over adopted tables. Messages stay messages; tokens that we counted stay with metrics.keep_numbers, else they are those of the new text.';
