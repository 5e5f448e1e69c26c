create or replace function metrics.rows_left_out() returns bigint
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
  number bigint;
begin
  -- What a view leaves out is left out on purpose.
  if exists (select from metrics.sources as s where s.kind = 'messages' and s.is_view) then
    return 0;
  end if;
  execute format(
    'select (select count(*) from %s) - (select count(*) from metrics.source_messages)',
    (select s.relation from metrics.sources as s where s.kind = 'messages')
  ) into number;
  return number;
end; $$;

comment on function metrics.rows_left_out() is
  'How many message rows the mapping leaves out: those without an id or a session id.';
