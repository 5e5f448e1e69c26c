create or replace function metrics.secure_source(of_source text) returns void
language plpgsql
set search_path = pg_catalog, pg_temp
set client_min_messages = warning
as $$
declare
  ledger constant name := metrics.source_schema(of_source);
  home constant name := case of_source when 'default' then 'public' else ledger end;
  is_new constant boolean := to_regclass(format('%I.readable_messages', ledger)) is null;
begin
  perform metrics.secure_table(format('%I.%I', home, of_table)::regclass, 'organization_id')
  from unnest(array['conversation_metrics', 'conversation_metrics_archive']) as of_table;
  perform metrics.secure_table(format('%I.%I', ledger, of_table)::regclass)
  from unnest(array['messages', 'leads', 'feedback']) as of_table;
  perform metrics.secure_table(format('%I.%I', ledger, of_table)::regclass, 'organization_id')
  from unnest(array['rollups', 'rollup_changes']) as of_table;
  -- The application's rows have no policy of ours, and a join with them through a barrier by their id
  -- would read them all: so both are joined in here.
  execute format(
    $sql$
    create or replace view %1$I.readable_messages with (security_barrier = true) as
      select
        l.session_key, l.conversation_id, l.created_at, l.user_messages, l.ai_messages, l.prompt_tokens,
        l.completion_tokens, l.prompt_source, l.completion_source, l.response_us, l.encoding, l.counted_at,
        x.role, x.message, x.response, x.model, x.responded_at
      from %1$I.session_metrics as m
      join %1$I.messages as l on l.session_key = m.session_key
      left join %1$I.source_messages as x on x.conversation_id = l.conversation_id
      where not (select row_security_active('%2$I.conversation_metrics')) or %3$s
    $sql$,
    ledger, home, metrics.scope_condition(of_source, 'm.organization_id')
  );
  execute format('comment on view %I.readable_messages is %L', ledger,
    'The messages, as they were counted, of the organizations that the role that asks may read (metrics.readers), with model and texts from the application''s rows.');
  if is_new then
    -- What default privileges opened; later it is the readers'.
    perform metrics.close_tables(array[format('%I.readable_messages', ledger)::regclass]);
  end if;
end; $$;

comment on function metrics.secure_source(text) is
  'Makes the tables of a source, and what it shows of the application''s messages, show readers the rows of their organizations alone. Safe to repeat.';
