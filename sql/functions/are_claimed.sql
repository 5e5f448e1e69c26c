create or replace function metrics.are_claimed(ids anyarray) returns boolean
language plpgsql stable
set search_path = pg_catalog, pg_temp
set enable_hashjoin = off
set enable_mergejoin = off
set enable_seqscan = off
set jit = off
as $$
begin
  -- Ids that only grow lie beyond all known ones: two lookups answer that for any number of them.
  return exists (
      select from public.conversation_metrics as m
      where m.conversation_id >= (select id from unnest(ids) as id order by id limit 1)
        and m.conversation_id <= (select id from unnest(ids) as id order by id desc limit 1)
    )
    and exists (
      select
      from unnest(ids) as id
      join public.conversation_metrics as m on m.conversation_id = id
    );
end; $$;

comment on function metrics.are_claimed(anyarray) is
  'Whether a metrics row already names one of these message rows as its first.';
