-- In a function, since the columns take the types of the application's own.
create or replace function metrics.create_metrics_tables() returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  conversation_id constant text := metrics.column_definition('metrics.source_messages', 'conversation_id');
  -- A stored one is computed, and its expression's text read, at every write: a quarter of an INSERT.
  generated constant text := case
    when current_setting('server_version_num')::integer >= 180000 then 'virtual' else 'stored'
  end;
begin
  execute format(
    $table$
    -- No generated columns and no checks: PostgreSQL reads the text of each at every statement, which
    -- cost a tenth of an INSERT here. What follows from these columns are inlined functions.
    create table metrics.messages (
      conversation_id %s constraint messages_pkey primary key,
      session_key uuid,
      created_at timestamptz,
      ended_at timestamptz,
      response_us bigint,
      prompt_tokens integer not null default 0,
      completion_tokens integer not null default 0,
      user_messages smallint not null default 0,
      ai_messages smallint not null default 0,
      prompt_source metrics.token_source,
      completion_source metrics.token_source,
      has_feedback boolean not null default false,
      encoding_assumed boolean,
      encoding metrics.encoding,
      counted_at timestamptz not null default now(),
      prompt_digest bigint,
      completion_digest bigint
    )
    $table$,
    conversation_id
  );
  create index messages_session_key_idx on metrics.messages (session_key, created_at, conversation_id);
  -- What still waits for its exact count; small whenever a worker runs.
  create index messages_estimate_idx on metrics.messages (created_at)
    where prompt_source = 'estimate' or completion_source = 'estimate';

  execute format(
    $table$
    create table metrics.token_batches (
      batch_id bigint generated always as identity constraint token_batches_pkey primary key,
      conversation_ids %s[] not null,
      session_keys uuid[] not null,
      lane smallint not null,
      is_long boolean not null,
      worker text,
      made_at timestamptz not null default clock_timestamp(),
      read_at timestamptz
    )
    $table$,
    metrics.column_type('metrics.source_messages', 'conversation_id')
  );
  -- Short-lived: to compress them would take longer than to write and read them.
  alter table metrics.token_batches
    alter column conversation_ids set storage external, alter column session_keys set storage external;
  execute format(
    $table$
    create table metrics.token_retries (
      conversation_id %1$s constraint token_retries_pkey primary key,
      attempts integer not null default 0,
      retry_at timestamptz not null,
      error text,
      text_digest bigint
    )
    $table$,
    conversation_id
  );

  execute format(
    $table$
    create table metrics.leads (
      lead_id %s constraint leads_pkey primary key,
      session_key uuid,
      created_at timestamptz,
      -- Here too, since a writer that read the leads under a session's lock would deadlock with their TRUNCATE.
      name text,
      email text,
      company text
    )
    $table$,
    metrics.column_definition('metrics.source_leads', 'lead_id')
  );
  create index leads_session_key_idx on metrics.leads (session_key, created_at, lead_id);

  execute format(
    $table$
    create table metrics.feedback (
      feedback_id %s constraint feedback_pkey primary key,
      session_key uuid,
      conversation_id %s,
      rating numeric
    )
    $table$,
    metrics.column_definition('metrics.source_feedback', 'feedback_id'),
    conversation_id
  );
  create index feedback_session_key_idx on metrics.feedback (session_key);
  create index feedback_conversation_id_idx on metrics.feedback (conversation_id) where conversation_id is not null;

  create table metrics.sessions (
    session_key uuid constraint sessions_pkey primary key,
    is_known boolean not null default false,
    is_archived boolean not null default false
  );

  execute format(
    $table$
    create table public.conversation_metrics (
      session_key uuid constraint conversation_metrics_pkey primary key,
      -- NULL only in passing, where sessions exchange their first rows in one statement. Were it checked
      -- at the statement's end instead, every UPDATE of a row would pay a sixth of an INSERT for that.
      conversation_id %1$s constraint conversation_metrics_conversation_id_key unique,
      session_id %2$s not null,
      organization_id %3$s,
      widget_id %4$s,
      user_id %5$s,
      total_messages integer generated always as (user_messages + ai_messages) %6$s,
      user_messages integer not null default 0,
      ai_messages integer not null default 0,
      total_tokens bigint generated always as (prompt_tokens + completion_tokens) %6$s,
      prompt_tokens bigint not null default 0,
      completion_tokens bigint not null default 0,
      estimated_messages integer not null default 0,
      conversation_start timestamptz,
      conversation_end timestamptz,
      conversation_duration double precision generated always as (
        date_part('epoch', conversation_end - conversation_start)
      ) %6$s,
      average_response_time double precision generated always as (
        response_us_sum / nullif(response_count, 0) / 1000000
      ) %6$s,
      response_count integer not null default 0,
      response_us_sum numeric not null default 0,
      has_lead boolean not null default false,
      lead_name text,
      lead_email text,
      lead_company text,
      user_satisfaction double precision generated always as (rating_sum / nullif(rating_count, 0)) %6$s,
      rating_count integer not null default 0,
      rating_sum numeric not null default 0,
      message_rows integer not null default 0,
      open_rows integer not null default 0,
      longest_lag interval not null default '0',
      created_at timestamptz not null default now(),
      updated_at timestamptz not null default now()
    )
    -- Room for HOT updates: a row changes with each message of its session.
    with (fillfactor = 70)
    $table$,
    conversation_id,
    metrics.column_definition('metrics.source_messages', 'session_id'),
    metrics.column_definition('metrics.source_messages', 'organization_id'),
    metrics.column_definition('metrics.source_messages', 'widget_id'),
    metrics.column_definition('metrics.source_messages', 'user_id'),
    generated
  );
  -- Hash: takes an id of any length, where a B-tree would refuse long ones and fail the application's
  -- INSERT. That both ids are unique together follows from the primary key, a hash of both.
  create index conversation_metrics_session_id_idx on public.conversation_metrics using hash (session_id);
end; $$;

comment on function metrics.create_metrics_tables() is
  'Creates the ledgers, the session locks and conversation_metrics with the id types of the source tables.';
