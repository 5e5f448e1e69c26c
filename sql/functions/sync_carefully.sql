-- Reads before it writes: a failure costs nothing but the reading then, and no write needs a
-- subtransaction, of which an application's long transaction could have too many.
create or replace function metrics.sync_carefully(kind text, ids anyarray) returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
  begin
    -- They may be mended now.
    if exists (select from metrics.failed_rows) then
      delete from metrics.failed_rows as f where f.kind = sync_carefully.kind and f.row_id = any(ids::text[]);
    end if;
    case kind
      when 'messages' then
        perform count(s::text) from metrics.source_messages as s where s.conversation_id = any(ids);
      when 'leads' then
        perform count(s::text) from metrics.source_leads as s where s.lead_id = any(ids);
      when 'feedback' then
        perform count(s::text) from metrics.source_feedback as s where s.feedback_id = any(ids);
    end case;
  exception when others then
    if sqlstate like '40%' or sqlstate like '57%' then
      raise;
    end if;
    perform metrics.sync_each(kind, ids);
    return;
  end;
  perform metrics.sync(kind, ids);
end; $$;

comment on function metrics.sync_carefully(text, anyarray) is
  'As metrics.sync, but a row that its mapping fails on is recorded in metrics.failed_rows instead of raising an error.';
