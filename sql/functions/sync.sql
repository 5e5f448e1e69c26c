-- In slices, which bound the memory; then all locks first and in order.
create or replace function metrics.sync(kind text, ids anyarray) returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  slice_size constant integer := 65536;
  ordered ids%type := ids;
  slice ids%type;
begin
  if cardinality(ids) > slice_size then
    perform metrics.enter_sessions(case kind
      when 'messages' then metrics.sessions_of_messages(ids)
      when 'leads' then metrics.sessions_of_leads(ids)
      when 'feedback' then metrics.sessions_of_feedback(ids)
    end);
    if kind = 'messages' then
      -- Session by session, so that each metrics row is written in one slice or two and not in all.
      ordered := array(
        select id
        from unnest(ids) as id
        left join metrics.messages as l on l.conversation_id = id
        order by l.session_key, l.created_at, id
      );
    end if;
  end if;
  for start in 1 .. cardinality(ordered) by slice_size loop
    slice := ordered[start : start + slice_size - 1];
    case kind
      when 'messages' then perform metrics.apply_messages(slice);
      when 'leads' then perform metrics.apply_leads(slice);
      when 'feedback' then perform metrics.apply_feedback(slice);
    end case;
  end loop;
end; $$;

comment on function metrics.sync(text, anyarray) is
  'Brings ledger and metrics up to date with source rows of a kind (messages, leads, feedback), given by their ids, also of rows that are gone. Idempotent: what is right already stays as it is.';
