create or replace function metrics.split_key(split_by text, can_be text[]) returns text
language plpgsql immutable parallel safe
set search_path = pg_catalog, pg_temp
as $$
begin
  if split_by is null or split_by <> all (can_be) then
    raise exception 'this report cannot be split by "%"', split_by
      using errcode = 'invalid_parameter_value', hint = 'By one of: ' || array_to_string(can_be, ', ');
  end if;
  return case split_by
    when 'model' then 'x.model'
    when 'widget' then 'm.widget_id'
    when 'day' then 'metrics.local_time(m.conversation_start, $1, $2, $3)::date::text'
    when 'model_day' then
      'jsonb_build_array(metrics.local_time(m.conversation_start, $1, $2, $3)::date, x.model)::text'
    when 'total' then 'null::text'
  end;
end; $$;

comment on function metrics.split_key(text, text[]) is
  'The expression of a report''s key, over the sessions m and the source rows x; an error for what it cannot be split by.';
