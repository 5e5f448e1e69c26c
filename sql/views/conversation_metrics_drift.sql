create or replace view public.conversation_metrics_drift as
  select
    coalesce(m.organization_id, truth.organization_id) as organization_id,
    coalesce(m.session_id, truth.session_id) as session_id,
    coalesce(m.session_key, truth.session_key) as session_key,
    compared.column_name,
    compared.stored,
    compared.actual
  from metrics.session_truth as truth
  full join metrics.session_metrics as m on m.session_key = truth.session_key
  cross join lateral (
    values
      ('conversation_id', m.conversation_id is distinct from truth.conversation_id, m.conversation_id::text, truth.conversation_id::text),
      ('session_id', m.session_id is distinct from truth.session_id, m.session_id::text, truth.session_id::text),
      ('organization_id', m.organization_id is distinct from truth.organization_id, m.organization_id::text, truth.organization_id::text),
      ('widget_id', m.widget_id is distinct from truth.widget_id, m.widget_id::text, truth.widget_id::text),
      ('user_id', m.user_id is distinct from truth.user_id, m.user_id::text, truth.user_id::text),
      ('message_rows', m.message_rows <> truth.message_rows, m.message_rows::text, truth.message_rows::text),
      ('open_rows', m.open_rows <> truth.open_rows, m.open_rows::text, truth.open_rows::text),
      ('user_messages', m.user_messages <> truth.user_messages, m.user_messages::text, truth.user_messages::text),
      ('ai_messages', m.ai_messages <> truth.ai_messages, m.ai_messages::text, truth.ai_messages::text),
      ('prompt_tokens', m.prompt_tokens <> truth.prompt_tokens, m.prompt_tokens::text, truth.prompt_tokens::text),
      ('completion_tokens', m.completion_tokens <> truth.completion_tokens, m.completion_tokens::text, truth.completion_tokens::text),
      ('estimated_messages', m.estimated_messages <> truth.estimated_messages, m.estimated_messages::text, truth.estimated_messages::text),
      ('conversation_start', m.conversation_start is distinct from truth.conversation_start, m.conversation_start::text, truth.conversation_start::text),
      ('conversation_end', m.conversation_end is distinct from truth.conversation_end, m.conversation_end::text, truth.conversation_end::text),
      ('response_count', m.response_count <> truth.response_count, m.response_count::text, truth.response_count::text),
      ('response_us_sum', m.response_us_sum <> truth.response_us_sum, m.response_us_sum::text, truth.response_us_sum::text),
      ('has_lead', m.has_lead <> truth.has_lead, m.has_lead::text, truth.has_lead::text),
      ('lead_name', m.lead_name is distinct from truth.lead_name, m.lead_name, truth.lead_name),
      ('lead_email', m.lead_email is distinct from truth.lead_email, m.lead_email, truth.lead_email),
      ('lead_company', m.lead_company is distinct from truth.lead_company, m.lead_company, truth.lead_company),
      ('rating_count', m.rating_count <> truth.rating_count, m.rating_count::text, truth.rating_count::text),
      ('rating_sum', m.rating_sum <> truth.rating_sum, m.rating_sum::text, truth.rating_sum::text)
  ) as compared (column_name, differs, stored, actual)
  where case
    -- A session that has only one side gets one row, not one for each column.
    when m.session_key is null or truth.session_key is null then compared.column_name = 'conversation_id'
    else compared.differs
  end
  union all
  select
    coalesce(m.organization_id, truth.organization_id),
    coalesce(m.session_id, truth.session_id),
    ledger.session_key,
    'ledger',
    ledger.entries || case ledger.entries when 1 then ' entry differs' else ' entries differ' end,
    null
  from (
    select drift.session_key, count(*) as entries
    from (
      select session_key, counted_session_key from metrics.message_drift
      union all
      select session_key, counted_session_key from metrics.lead_drift
      union all
      select session_key, counted_session_key from metrics.feedback_drift
    ) as entry
    -- An entry counted in a wrong session makes both wrong.
    cross join lateral (select entry.session_key union select entry.counted_session_key) as drift (session_key)
    where drift.session_key is not null or (entry.session_key is null and entry.counted_session_key is null)
    group by drift.session_key
  ) as ledger
  left join metrics.session_metrics as m on m.session_key = ledger.session_key
  left join metrics.session_truth as truth on truth.session_key = ledger.session_key
  union all
  select a.organization_id, a.session_id, a.session_key, 'archived_at', a.archived_at::text, null
  from public.conversation_metrics_archive as a
  join public.conversation_metrics as m on m.session_key = a.session_key
  union all
  select null, null, null, 'rollup', min(d.rollup::text) filter (where d.side = 'kept'),
    min(d.rollup::text) filter (where d.side = 'meant')
  from metrics.rollup_drift() as d
  group by (d.rollup).starts_at, (d.rollup).minutes, (d.rollup).organization_id, (d.rollup).widget_id, (d.rollup).all_widgets;

comment on view public.conversation_metrics_drift is
  'Empty when all is right; else a row for each session and column whose stored value is not the one recomputed from the source rows. column_name ''ledger'': entries of the ledgers differ from their source rows. column_name ''archived_at'': the session is in conversation_metrics and in the archive, and counted twice. column_name ''rollup'', without a session: a row of rollups is not what its sessions add up to.';
