-- Blocks writers, so that one pass over the sources is exact. metrics.backfill_batch blocks none.
create or replace function metrics.backfill() returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  source metrics.sources;
  with_extras uuid[];
  answerable metrics.session_delta[];
  earlier metrics.session_delta[];
begin
  for source in select * from metrics.sources order by kind loop
    execute format('lock table %s in share row exclusive mode', source.relation);
  end loop;

  if exists (select from metrics.sources as s where s.is_view and metrics.mapping_error(s.kind) is not null) then
    perform metrics.sync_all('messages');
    perform metrics.sync_all('leads');
    perform metrics.sync_all('feedback');
    return;
  end if;
  if exists (select from metrics.messages) then
    -- Not the first time: only what differs.
    perform metrics.repair();
    return;
  end if;

  begin
    execute metrics.count_new_messages_sql('select * from metrics.source_messages')
      using clock_timestamp() into with_extras, answerable, earlier;
    if earlier is not null then
      perform metrics.add_earlier_rows(earlier);
    end if;
    if answerable is not null then
      perform metrics.add_answers(answerable);
    end if;
  exception when unique_violation then
    -- A view that shows an id twice, or a metrics row left over that names one as its first.
    perform metrics.sync_all('messages');
  end;
  perform metrics.sync('leads', array(select lead_id from metrics.source_leads));
  perform metrics.sync('feedback', array(select feedback_id from metrics.source_feedback));
end; $$;

comment on function metrics.backfill() is
  'Counts all that the source tables hold, in one pass under SHARE ROW EXCLUSIVE: writers wait, readers do not. Running it again heals what differs.';
