create or replace function metrics.grant_reports(to_role name) returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  target record;
begin
  -- The rights of an entry that gives rows alone are somebody else's to give.
  if not exists (select from metrics.readers as r where r.role = quote_ident(to_role)::regrole and r.reads <> 'rows') then
    return;
  end if;
  execute format('grant usage on schema metrics to %I', to_role);
  execute format('grant select on public.all_conversation_metrics, metrics.attachments, metrics.model_prices to %I', to_role);
  execute format('grant execute on function metrics.rollup_start(timestamptz, integer), metrics.quarter_hour(timestamptz), metrics.first_rollup(), '
    'metrics.time_bin(integer, double precision), metrics.bin_us(bigint), metrics.session_times(integer, numeric, interval) to %I', to_role);
  for target in
    select r.oid::regprocedure as signature from metrics.report_functions() as r where r.is_for_readers
  loop
    execute format('grant execute on function %s to %I', target.signature, to_role);
  end loop;
  for target in
    select a.schema_name as ledger, case a.name when 'default' then 'public' else a.schema_name end as home,
      exists (
        select from metrics.readers as r
        where r.role = quote_ident(to_role)::regrole and r.scope = 'all' and (r.source is null or r.source = a.name)
      ) as reads_all,
      exists (
        select from metrics.readers as r
        where r.role = quote_ident(to_role)::regrole and r.reads = 'texts' and (r.source is null or r.source = a.name)
      ) as reads_texts
    from metrics.attachments as a
  loop
    execute format('grant usage on schema %I to %I', target.ledger, to_role);
    execute format('grant select on %1$I.conversation_metrics, %1$I.conversation_metrics_archive, %2$I.session_metrics to %3$I',
      target.home, target.ledger, to_role);
    -- No digests: whoever guesses a short text could tell by them that the guess is right.
    execute format('grant select (session_key, conversation_id, created_at, ended_at, user_messages, ai_messages, prompt_tokens, '
      'completion_tokens, prompt_source, completion_source, response_us, encoding, counted_at) on %I.messages to %I', target.ledger, to_role);
    execute format('grant select (feedback_id, session_key, conversation_id, rating) on %I.feedback to %I', target.ledger, to_role);
    execute format('grant select (lead_id, session_key, created_at, email) on %I.leads to %I', target.ledger, to_role);
    execute format('grant select on %1$I.rollups, %1$I.rollup_changes, %1$I.rollup_resets, %1$I.rollup_state to %2$I',
      target.ledger, to_role);
    -- Of the messages themselves which model they were sent to, and no text.
    execute format('grant select (session_key, conversation_id, created_at, user_messages, ai_messages, prompt_tokens, '
      'completion_tokens, prompt_source, completion_source, response_us, model) on %I.readable_messages to %I', target.ledger, to_role);
    if target.reads_all then
      -- No policy is in the way there, so it is faster; who reads some organizations alone must not.
      execute format('grant select (conversation_id, model) on %I.source_messages to %I', target.ledger, to_role);
    end if;
    if target.reads_texts then
      execute format('grant select on %1$I.readable_messages, %1$I.leads to %2$I', target.ledger, to_role);
      execute format('grant execute on function metrics.session_key(text, text) to %I', to_role);
    end if;
  end loop;
end; $$;

comment on function metrics.grant_reports(name) is
  'Gives a reader (metrics.readers) the rights that it needs on every source that there is. Which rows it sees is said by the policies.';
