-- The schema of a freshly migrated database, as PostgreSQL 18 tells it: to be read, not to be run.
-- Written by "npm run schema"; do not edit. The sources, with their reasons, are in sql/.


-- Schema

create schema metrics;
comment on schema metrics is 'conversation-metrics: the ledgers and the machinery behind public.conversation_metrics.';


-- Types

create type metrics.encoding as enum ('gpt2', 'r50k_base', 'p50k_base', 'p50k_edit', 'cl100k_base', 'o200k_base');
comment on type metrics.encoding is 'The byte-pair encodings of tiktoken.';

create type metrics.session_delta as (
  session_key uuid,
  message_rows integer,
  user_messages integer,
  ai_messages integer,
  prompt_tokens bigint,
  completion_tokens bigint,
  estimated_messages integer,
  open_rows integer,
  response_count integer,
  response_us_sum numeric,
  longest_lag interval,
  removed_end timestamp with time zone,
  added_end timestamp with time zone,
  changed_from timestamp with time zone,
  changed_to timestamp with time zone
);
comment on type metrics.session_delta is 'What a change of ledger rows adds to a session''s sums, the longest lag among them, the latest end among those removed and those added, and the stretch of time in which rows changed.';

create type metrics.token_source as enum ('estimate', 'tiktoken', 'provider', 'kept');
comment on type metrics.token_source is 'Where a token count comes from: estimate = ceil(characters / 4); tiktoken = the exact tokenizer; provider = usage reported on the row; kept = an estimate whose text was emptied (metrics.keep_numbers), so that no exact count follows.';

create type public.report_filter as (
  organization text,
  from_time timestamp with time zone,
  to_time timestamp with time zone,
  time_zone text,
  widget text,
  user_id text,
  min_tokens bigint,
  max_tokens bigint,
  has_lead boolean,
  min_satisfaction numeric,
  max_satisfaction numeric,
  source text,
  no_organization boolean,
  weekday integer,
  hour integer
);
comment on type public.report_filter is 'Which conversations a report is about. Made by the function report_filter, which checks it.';


-- Tables

create table metrics.api_keys (
  key_id bigint generated always as identity,
  kind text not null,
  name text not null,
  scope text not null,
  every_organization boolean default false not null,
  organization_id text,
  widget_id text,
  hash bytea not null,
  prefix text not null,
  created_at timestamp with time zone default clock_timestamp() not null,
  last_used_at timestamp with time zone,
  expires_at timestamp with time zone,
  revoked_at timestamp with time zone,
  constraint api_keys_browser_expires CHECK (kind = 'key'::text OR expires_at IS NOT NULL),
  constraint api_keys_hash_key UNIQUE (hash),
  constraint api_keys_hash_length CHECK (octet_length(hash) = 32),
  constraint api_keys_kind_known CHECK (kind = ANY (ARRAY['key'::text, 'login'::text, 'session'::text])),
  constraint api_keys_name_given CHECK (name <> ''::text),
  constraint api_keys_organization_one CHECK (organization_id IS NULL OR NOT every_organization),
  constraint api_keys_pkey PRIMARY KEY (key_id),
  constraint api_keys_scope_known CHECK (scope = ANY (ARRAY['write'::text, 'read'::text, 'admin'::text])),
  constraint api_keys_widget_written CHECK (widget_id IS NULL OR scope = 'write'::text)
);
comment on table metrics.api_keys is 'What opens the HTTP API: keys, the one-time codes of sign-in links, and the sessions of browsers that used one. The secrets themselves are kept nowhere.';
comment on column metrics.api_keys.kind is 'key: sent as a bearer token. login: a code that is exchanged once for a session, and goes with it. session: in a browser''s cookie.';
comment on column metrics.api_keys.scope is 'write: posts. read: reports and conversations. admin: both, and the server''s own figures.';
comment on column metrics.api_keys.every_organization is 'Whether it is for all organizations.';
comment on column metrics.api_keys.organization_id is 'The one organization that it reads and writes, as text; NULL without every_organization: the rows without one.';
comment on column metrics.api_keys.widget_id is 'The one widget that it writes for; NULL: any.';
comment on column metrics.api_keys.hash is 'SHA-256 of the secret, which is 256 random bits: no slower hash is needed.';
comment on column metrics.api_keys.prefix is 'How the secret begins, to tell keys apart.';
comment on column metrics.api_keys.last_used_at is 'To the minute.';
comment on column metrics.api_keys.expires_at is 'When it ends by itself; NULL: never.';
comment on column metrics.api_keys.revoked_at is 'When it was taken back; NULL: it holds.';

create table metrics.archive_rules (
  organization_id text,
  is_default boolean default false not null,
  archive_after interval,
  constraint archive_rules_age CHECK (archive_after >= '1 day'::interval AND archive_after <= '1000 years'::interval),
  constraint archive_rules_default_names_none CHECK (NOT is_default OR organization_id IS NULL),
  constraint archive_rules_organization_key UNIQUE NULLS NOT DISTINCT (organization_id, is_default)
);
comment on table metrics.archive_rules is 'After how long without a message the sessions of an organization are moved to conversation_metrics_archive. No row, none are.';
comment on column metrics.archive_rules.organization_id is 'The organization, as text; NULL, where not is_default: the sessions without one.';
comment on column metrics.archive_rules.is_default is 'For every organization without a row of its own.';
comment on column metrics.archive_rules.archive_after is 'Since conversation_end; NULL: never.';

create table metrics.attachments (
  name text not null,
  schema_name name not null,
  attached_at timestamp with time zone default now() not null,
  constraint attachments_name_plain CHECK (name ~ '^[a-z][a-z0-9_]{0,30}$'::text),
  constraint attachments_pkey PRIMARY KEY (name),
  constraint attachments_schema_name_key UNIQUE (schema_name),
  constraint attachments_schema_name_own CHECK (schema_name =
CASE name
    WHEN 'default'::text THEN 'metrics'::text
    ELSE 'metrics_'::text || name
END)
);
comment on table metrics.attachments is 'The sources: sets of tables of an application, each with ledgers and metrics of its own. Those of the source named default are in the schemas metrics and public, those of any other in metrics_<name>.';

create table metrics.checks (
  check_id bigint generated always as identity,
  checked_at timestamp with time zone default clock_timestamp() not null,
  sessions integer not null,
  drifted integer not null,
  healed integer not null,
  up_to uuid,
  details jsonb default '[]'::jsonb not null,
  constraint checks_pkey PRIMARY KEY (check_id)
);
comment on table metrics.checks is 'What the worker''s own checks found and healed; kept for 30 days.';
comment on column metrics.checks.sessions is 'How many sessions were compared with their source rows.';
comment on column metrics.checks.drifted is 'How many of them differed.';
comment on column metrics.checks.healed is 'How many of those were right afterwards.';
comment on column metrics.checks.up_to is 'Each check takes the sessions after this key of the one before, so that all have their turn; NULL: start again.';
comment on column metrics.checks.details is 'For up to 20 sessions that differed: organization and session id, and what differed. Never a text.';

create table metrics.engine_objects (
  "position" integer not null,
  path text not null,
  before_tables boolean not null,
  body text not null,
  constraint engine_objects_path_key UNIQUE (path),
  constraint engine_objects_pkey PRIMARY KEY ("position")
);
comment on table metrics.engine_objects is 'The texts of all objects that every source has of its own: metrics.install_engine makes them in its schema.';
comment on column metrics.engine_objects.path is 'The file, in sql/.';
comment on column metrics.engine_objects.before_tables is 'Needed before the mapping views and the ledgers can be made, whose types are those of the application''s tables.';

create table metrics.failed_rows (
  kind text not null,
  row_id text not null,
  error text not null,
  failed_at timestamp with time zone default clock_timestamp() not null,
  constraint failed_rows_kind_known CHECK (kind = ANY (ARRAY['messages'::text, 'leads'::text, 'feedback'::text])),
  constraint failed_rows_pkey PRIMARY KEY (kind, row_id)
);
comment on table metrics.failed_rows is 'Source rows that their mapping failed on. They count for nothing until mapping or row is mended; metrics.retry_failed_rows() counts them then.';

create table metrics.feedback (
  feedback_id bigint not null,
  session_key uuid,
  conversation_id bigint,
  rating numeric,
  constraint feedback_pkey PRIMARY KEY (feedback_id)
);
CREATE INDEX feedback_conversation_id_idx ON metrics.feedback USING btree (conversation_id) WHERE (conversation_id IS NOT NULL);
CREATE INDEX feedback_session_key_idx ON metrics.feedback USING btree (session_key);
comment on table metrics.feedback is 'Ledger of feedback rows; an entry without a session_key belongs to no session at present.';
comment on column metrics.feedback.conversation_id is 'The conversations row whose session it follows; NULL where it names its own.';
comment on column metrics.feedback.rating is 'Rating from 1 to 5; NULL for none.';

create table metrics.leads (
  lead_id bigint not null,
  session_key uuid,
  created_at timestamp with time zone,
  name text,
  email text,
  company text,
  constraint leads_pkey PRIMARY KEY (lead_id)
);
CREATE INDEX leads_session_key_idx ON metrics.leads USING btree (session_key, created_at, lead_id);
comment on table metrics.leads is 'Ledger of lead rows; an entry without a session_key stands for a row that is gone.';
comment on column metrics.leads.created_at is 'When the lead was captured; -infinity where unknown.';
comment on column metrics.leads.name is 'As in the lead row, like email and company: the metrics take them from here.';

create table metrics.messages (
  conversation_id bigint not null,
  session_key uuid,
  created_at timestamp with time zone,
  ended_at timestamp with time zone,
  response_us bigint,
  prompt_tokens integer default 0 not null,
  completion_tokens integer default 0 not null,
  user_messages smallint default 0 not null,
  ai_messages smallint default 0 not null,
  prompt_source metrics.token_source,
  completion_source metrics.token_source,
  has_feedback boolean default false not null,
  encoding_assumed boolean,
  encoding metrics.encoding,
  counted_at timestamp with time zone default now() not null,
  prompt_digest bigint,
  completion_digest bigint,
  constraint messages_pkey PRIMARY KEY (conversation_id)
);
CREATE INDEX messages_estimate_idx ON metrics.messages USING btree (created_at) WHERE ((prompt_source = 'estimate'::metrics.token_source) OR (completion_source = 'estimate'::metrics.token_source));
CREATE INDEX messages_session_key_idx ON metrics.messages USING btree (session_key, created_at, conversation_id);
comment on table metrics.messages is 'The ledger: what each conversations row was counted for. An entry without a session_key counts for nothing: its row is gone, or feedback named it before it came.';
comment on column metrics.messages.conversation_id is 'Id of the conversations row.';
comment on column metrics.messages.session_key is 'The session it was counted in.';
comment on column metrics.messages.created_at is 'Its created_at; infinity where unknown: last in order.';
comment on column metrics.messages.ended_at is 'The later of its created_at and, with a response, its responded_at.';
comment on column metrics.messages.response_us is 'Microseconds from its user message to the answer, in its own response or the next row; NULL where unknown.';
comment on column metrics.messages.prompt_tokens is 'Tokens of its user message.';
comment on column metrics.messages.completion_tokens is 'Tokens of its AI messages.';
comment on column metrics.messages.user_messages is 'How many messages by the user it holds.';
comment on column metrics.messages.ai_messages is 'How many messages by the AI it holds.';
comment on column metrics.messages.prompt_source is 'Where prompt_tokens comes from; NULL without a user message.';
comment on column metrics.messages.completion_source is 'Where completion_tokens comes from; NULL without an AI message.';
comment on column metrics.messages.has_feedback is 'Feedback without a session id of its own names this row.';
comment on column metrics.messages.encoding_assumed is 'The default encoding was taken: no model is given, or none that metrics.model_encodings knows.';
comment on column metrics.messages.encoding is 'What its exact counts were made with; of no meaning where no source is tiktoken.';
comment on column metrics.messages.counted_at is 'When its token counts were made: of the exact count, else when the estimate was written.';
comment on column metrics.messages.prompt_digest is 'metrics.text_digest of what prompt_tokens was exactly counted for: another text makes it an estimate again.';
comment on column metrics.messages.completion_digest is 'The same for completion_tokens.';

create table metrics.model_encodings (
  model text not null,
  is_prefix boolean default false not null,
  encoding metrics.encoding not null,
  constraint model_encodings_model_lower CHECK (model = lower(model)),
  constraint model_encodings_model_named CHECK (model <> ''::text OR is_prefix),
  constraint model_encodings_pkey PRIMARY KEY (model, is_prefix)
);
comment on table metrics.model_encodings is 'Which encoding counts the texts of a model. Yours to edit; then: npx conversation-metrics recount. The row with the empty prefix is the default, for rows without a model and for models that no other row knows.';
comment on column metrics.model_encodings.model is 'Name of the model in lower case, or how the names of a family begin.';
comment on column metrics.model_encodings.is_prefix is 'Whether every model counts whose name begins so. An exact name wins, then the longest prefix.';

create table metrics.model_prices (
  model text not null,
  is_prefix boolean default false not null,
  valid_from timestamp with time zone default '-infinity'::timestamp with time zone not null,
  prompt_price numeric not null,
  completion_price numeric not null,
  currency text default 'USD'::text not null,
  source text,
  known_on date,
  constraint model_prices_completion_price_positive CHECK (completion_price >= 0::numeric),
  constraint model_prices_currency_code CHECK (currency ~ '^[A-Z]{3}$'::text),
  constraint model_prices_finite CHECK (prompt_price < 'Infinity'::numeric AND completion_price < 'Infinity'::numeric),
  constraint model_prices_model_lower CHECK (model = lower(model)),
  constraint model_prices_model_named CHECK (model <> ''::text OR is_prefix),
  constraint model_prices_pkey PRIMARY KEY (model, is_prefix, currency, valid_from),
  constraint model_prices_prompt_price_positive CHECK (prompt_price >= 0::numeric)
);
comment on table metrics.model_prices is 'What tokens cost, per 1,000,000. Yours to edit: add a row for a new price and leave the old one, which what was charged then follows from. The rows that were shipped are list prices as known on known_on, without discounts for cached or batched tokens: check them.';
comment on column metrics.model_prices.model is 'Name of the model in lower case, or how the names of a family begin.';
comment on column metrics.model_prices.is_prefix is 'Whether every model costs this whose name begins so. An exact name wins, then the longest prefix.';
comment on column metrics.model_prices.valid_from is 'From then on it costs this, until a later row of the same name.';
comment on column metrics.model_prices.prompt_price is 'Of 1,000,000 prompt tokens, in the currency.';
comment on column metrics.model_prices.completion_price is 'Of 1,000,000 completion tokens, in the currency.';
comment on column metrics.model_prices.currency is 'ISO 4217 code. A report is in one currency: what has no price in it is unpriced there.';
comment on column metrics.model_prices.source is 'Where the price is from.';
comment on column metrics.model_prices.known_on is 'The day on which it was known to be so.';

create table metrics.parent_changes (
  change_id bigint generated always as identity,
  parent_id integer not null,
  parent jsonb not null,
  changed_by xid8 default pg_current_xact_id() not null,
  constraint parent_changes_parent_id_fkey FOREIGN KEY (parent_id) REFERENCES metrics.parents(parent_id) ON DELETE CASCADE,
  constraint parent_changes_pkey PRIMARY KEY (change_id)
);
comment on table metrics.parent_changes is 'Parents that changed, until metrics.follow_parents has looked at them once more. Neither of two transactions under way sees what the other does: one that changes a parent, and one that adds a row below it.';
comment on column metrics.parent_changes.parent is 'The columns that the mapping uses, as they are now.';
comment on column metrics.parent_changes.changed_by is 'The transaction that changed it.';

create table metrics.parents (
  parent_id integer generated always as identity,
  kind text not null,
  relation regclass not null,
  columns name[] not null,
  children text not null,
  by_foreign_key boolean not null,
  constraint parents_kind_known CHECK (kind = ANY (ARRAY['messages'::text, 'leads'::text, 'feedback'::text])),
  constraint parents_pkey PRIMARY KEY (parent_id),
  constraint parents_relation_key UNIQUE (kind, relation)
);
comment on table metrics.parents is 'Tables beside its own that a mapping reads: a change there brings the rows that hang on it up to date.';
comment on column metrics.parents.columns is 'What the mapping uses of it; a change of other columns concerns nobody.';
comment on column metrics.parents.children is 'Query of the canonical ids of the rows that hang on the rows of a table named changed.';
comment on column metrics.parents.by_foreign_key is 'Found along foreign keys: then no row can hang on a parent that others do not see yet.';

create table metrics.readers (
  role regrole not null,
  source text,
  scope text not null,
  organization_id text,
  reads text not null,
  granted_at timestamp with time zone default now() not null,
  constraint readers_entry_key UNIQUE NULLS NOT DISTINCT (role, source, scope, organization_id),
  constraint readers_organization_id_given CHECK ((scope = 'organization'::text) = (organization_id IS NOT NULL)),
  constraint readers_reads_known CHECK (reads = ANY (ARRAY['rows'::text, 'reports'::text, 'texts'::text])),
  constraint readers_scope_known CHECK (scope = ANY (ARRAY['organization'::text, 'none'::text, 'all'::text, 'setting'::text])),
  constraint readers_source_fkey FOREIGN KEY (source) REFERENCES metrics.attachments(name) ON DELETE CASCADE
);
comment on table metrics.readers is 'Which roles read which organizations: what the policies of row-level security go by. An entry alone opens nothing, the role needs the rights as well: metrics.grant_reader gives both.';
comment on column metrics.readers.source is 'The source that the entry is about; NULL: each, also those attached later.';
comment on column metrics.readers.scope is 'organization: organization_id; none: the rows whose organization is NULL; all; setting: whatever the settings conversation_metrics.organization and conversation_metrics.no_organization say, and nothing without them.';
comment on column metrics.readers.reads is 'rows: whatever else it was granted; reports: metrics and reports, no text of a message; texts: the messages and leads as well.';

create table metrics.report_schedules (
  schedule_id bigint generated always as identity,
  every_organization boolean default false not null,
  organization_id text,
  source text default 'default'::text not null,
  time_zone text default 'UTC'::text not null,
  currency text default 'USD'::text not null,
  format text not null,
  folder text,
  webhook text,
  sent_month text not null,
  sent_at timestamp with time zone,
  error text,
  failed_at timestamp with time zone,
  created_at timestamp with time zone default clock_timestamp() not null,
  constraint report_schedules_format_known CHECK (format = ANY (ARRAY['html'::text, 'pdf'::text, 'csv'::text])),
  constraint report_schedules_organization_one CHECK (organization_id IS NULL OR NOT every_organization),
  constraint report_schedules_pkey PRIMARY KEY (schedule_id),
  constraint report_schedules_place_one CHECK (num_nonnulls(folder, webhook) = 1),
  constraint report_schedules_sent_month_form CHECK (sent_month ~ '^\d{4}-\d\d$'::text)
);
comment on table metrics.report_schedules is 'Monthly reports that a worker makes when the month has ended in the zone, and puts into a folder of its machine or posts to a webhook.';
comment on column metrics.report_schedules.organization_id is 'As text; NULL: the rows without one, or all of them with every_organization.';
comment on column metrics.report_schedules.sent_month is 'The last month that was sent, or that counts as sent; each later one that has ended is due.';
comment on column metrics.report_schedules.error is 'Why the last try failed; NULL when it did not. It is tried again each hour.';

create table metrics.rollup_changes (
  starts_at timestamp with time zone not null,
  organization_id text
);
comment on table metrics.rollup_changes is 'Which rollups a change made out of date: a quarter of an hour and an organization, as often as it changed. Written with the change, in its transaction; reports read these sessions themselves until metrics.roll_up has made the rollup anew.';
comment on column metrics.rollup_changes.starts_at is 'As metrics.rollups.starts_at.';
comment on column metrics.rollup_changes.organization_id is 'As metrics.rollups.organization_id.';

create table metrics.rollup_resets (
  reset_at timestamp with time zone default clock_timestamp() not null
);
comment on table metrics.rollup_resets is 'A row here makes all rollups out of date: after a TRUNCATE, and wherever nobody can say which. Gone when metrics.roll_up has begun anew.';

create table metrics.rollup_state (
  is_only boolean default true not null,
  built_to timestamp with time zone default '-infinity'::timestamp with time zone not null,
  closed_to timestamp with time zone default '-infinity'::timestamp with time zone not null,
  closing_to timestamp with time zone,
  closing_xid xid8,
  rolled_up_at timestamp with time zone,
  constraint rollup_state_is_only CHECK (is_only),
  constraint rollup_state_pkey PRIMARY KEY (is_only)
);
comment on table metrics.rollup_state is 'How far metrics.roll_up has come; one row.';
comment on column metrics.rollup_state.built_to is 'Sessions that began before this are in metrics.rollups, or their rollup is named in metrics.rollup_changes.';
comment on column metrics.rollup_state.closed_to is 'Every change to a session that began before this is noted, or can be seen: how far built_to may go.';
comment on column metrics.rollup_state.closing_to is 'The next closed_to, when all transactions before closing_xid have ended.';
comment on column metrics.rollup_state.closing_xid is 'A transaction that began when sessions before closing_to had long been old enough to be noted.';
comment on column metrics.rollup_state.rolled_up_at is 'When metrics.roll_up last came to its end.';

create table metrics.rollups (
  starts_at timestamp with time zone not null,
  minutes smallint not null,
  organization_id text,
  widget_id text,
  all_widgets boolean not null,
  conversations bigint not null,
  user_messages bigint not null,
  ai_messages bigint not null,
  prompt_tokens bigint not null,
  completion_tokens bigint not null,
  estimated_messages bigint not null,
  leads bigint not null,
  rating_count bigint not null,
  rating_sum numeric not null,
  response_count bigint not null,
  response_us_sum numeric not null,
  answered_conversations bigint not null,
  average_us_sum numeric not null,
  duration_sum interval not null,
  times bigint[],
  constraint rollups_minutes_known CHECK (minutes = ANY (ARRAY[15, 60, 1440])),
  constraint rollups_times_of_hours CHECK (times IS NULL OR minutes > 15)
);
CREATE INDEX rollups_organization_idx ON metrics.rollups USING btree (hashtextextended(COALESCE(organization_id, ''::text), (0)::bigint), minutes, all_widgets, starts_at);
CREATE INDEX rollups_starts_at_idx ON metrics.rollups USING btree (minutes, starts_at);
comment on table metrics.rollups is 'Sums over the sessions that began in a quarter of an hour, an hour or a day (UTC), by organization, and by organization and widget: what reports over long ranges read. Made anew by metrics.roll_up where rollup_changes says so, never added to; no write of the application touches it.';
comment on column metrics.rollups.starts_at is 'Start of the quarter of an hour, hour or day (UTC) in which conversation_start lies.';
comment on column metrics.rollups.minutes is 'How long that is: 15, 60 or 1440.';
comment on column metrics.rollups.organization_id is 'The organization of these sessions, as text; NULL is a tenant of its own.';
comment on column metrics.rollups.widget_id is 'Their widget, as text; NULL where all_widgets.';
comment on column metrics.rollups.all_widgets is 'Over all widgets of the organization.';
comment on column metrics.rollups.conversations is 'How many sessions. The other columns are sums of those of conversation_metrics.';
comment on column metrics.rollups.leads is 'How many of them have a lead.';
comment on column metrics.rollups.answered_conversations is 'How many of them have an average_response_time.';
comment on column metrics.rollups.average_us_sum is 'Sum of response_us_sum / response_count.';
comment on column metrics.rollups.duration_sum is 'Sum of conversation_end - conversation_start.';
comment on column metrics.rollups.times is 'Of hours and days: how many answers, conversations'' averages and durations took how long, for percentiles. An entry for each bin: metrics.time_bin, and in its low 32 bits how many.';

create table metrics.sessions (
  session_key uuid not null,
  is_known boolean default false not null,
  is_archived boolean default false not null,
  constraint sessions_pkey PRIMARY KEY (session_key)
);
comment on table metrics.sessions is 'One row for each session that a message, a lead or feedback ever named: the lock under which a first message and what came before it meet.';
comment on column metrics.sessions.is_known is 'Whether the session was asked for again since this row was made: it may have leads or feedback that its metrics row, when it is made, has to show.';
comment on column metrics.sessions.is_archived is 'Its metrics row is in conversation_metrics_archive.';

create table metrics.settings (
  is_only boolean default true not null,
  keeps_numbers boolean default false not null,
  constraint settings_is_only CHECK (is_only),
  constraint settings_pkey PRIMARY KEY (is_only)
);
comment on table metrics.settings is 'Settings of this source; one row.';
comment on column metrics.settings.keeps_numbers is 'A message whose text is emptied stays counted as it was: metrics.keep_numbers.';

create table metrics.sources (
  kind text not null,
  relation regclass not null,
  mapping text not null,
  row_key text not null,
  is_view boolean not null,
  reads_back boolean not null,
  constraint sources_kind_known CHECK (kind = ANY (ARRAY['messages'::text, 'leads'::text, 'feedback'::text])),
  constraint sources_pkey PRIMARY KEY (kind),
  constraint sources_reads_back_view CHECK (is_view OR NOT reads_back)
);
comment on table metrics.sources is 'The application''s tables that metrics are derived from.';
comment on column metrics.sources.mapping is 'Query of canonical rows, with %s in the place of the table: the triggers run it over their transition tables.';
comment on column metrics.sources.row_key is 'The canonical id as an expression over a row of the table named source.';
comment on column metrics.sources.is_view is 'The mapping is a view of somebody''s making: it may read other tables, and it may fail on a row.';
comment on column metrics.sources.reads_back is 'The mapping reads changed rows again by their ids, since it cannot read a transition table in the place of the table.';

create table metrics.token_batches (
  batch_id bigint generated always as identity,
  conversation_ids bigint[] not null,
  session_keys uuid[] not null,
  lane smallint not null,
  is_long boolean not null,
  worker text,
  made_at timestamp with time zone default clock_timestamp() not null,
  read_at timestamp with time zone,
  constraint token_batches_pkey PRIMARY KEY (batch_id)
);
comment on table metrics.token_batches is 'Message rows that a count_tokens job is about to count: nobody else does meanwhile. Gone when the counts are written.';
comment on column metrics.token_batches.session_keys is 'The sessions of these rows when the batch was made: the write-back locks them.';
comment on column metrics.token_batches.lane is 'metrics.token_lane of these sessions: what is written back at the same time has no session in common.';
comment on column metrics.token_batches.is_long is 'A single long text, which others shall not wait for.';
comment on column metrics.token_batches.worker is 'Who is at it (metrics.workers); NULL until the job begins.';

create table metrics.token_retries (
  conversation_id bigint not null,
  attempts integer default 0 not null,
  retry_at timestamp with time zone not null,
  error text,
  text_digest bigint,
  constraint token_retries_pkey PRIMARY KEY (conversation_id)
);
comment on table metrics.token_retries is 'Message rows whose count failed, or waits for a transaction under way.';
comment on column metrics.token_retries.attempts is 'How often counting this text failed.';
comment on column metrics.token_retries.retry_at is 'Not before this time; infinity: given up until the text changes.';
comment on column metrics.token_retries.error is 'Why the last attempt failed.';
comment on column metrics.token_retries.text_digest is 'metrics.text_digest of the text that failed.';

create table metrics.workers (
  worker text not null,
  graphile_ids text[] not null,
  started_at timestamp with time zone default clock_timestamp() not null,
  seen_at timestamp with time zone default clock_timestamp() not null,
  stopped_at timestamp with time zone,
  constraint workers_pkey PRIMARY KEY (worker)
);
comment on table metrics.workers is 'One row for each worker process of the last days.';
comment on column metrics.workers.worker is 'Name of the process: host, process id and a random part.';
comment on column metrics.workers.graphile_ids is 'Its ids as a graphile-worker: what its jobs are locked by.';
comment on column metrics.workers.seen_at is 'Its last heartbeat; alive is who was seen within 10 seconds and did not stop.';
comment on column metrics.workers.stopped_at is 'When it ended in good order; NULL while it runs, and for one that was killed.';

create table public.conversation_metrics (
  session_key uuid not null,
  conversation_id bigint,
  session_id text not null,
  organization_id bigint,
  widget_id bigint,
  user_id bigint,
  total_messages integer generated always as (user_messages + ai_messages),
  user_messages integer default 0 not null,
  ai_messages integer default 0 not null,
  total_tokens bigint generated always as (prompt_tokens + completion_tokens),
  prompt_tokens bigint default 0 not null,
  completion_tokens bigint default 0 not null,
  estimated_messages integer default 0 not null,
  conversation_start timestamp with time zone,
  conversation_end timestamp with time zone,
  conversation_duration double precision generated always as (date_part('epoch'::text, conversation_end - conversation_start)),
  average_response_time double precision generated always as ((response_us_sum / NULLIF(response_count, 0)::numeric / 1000000::numeric)),
  response_count integer default 0 not null,
  response_us_sum numeric default 0 not null,
  has_lead boolean default false not null,
  lead_name text,
  lead_email text,
  lead_company text,
  user_satisfaction double precision generated always as ((rating_sum / NULLIF(rating_count, 0)::numeric)),
  rating_count integer default 0 not null,
  rating_sum numeric default 0 not null,
  message_rows integer default 0 not null,
  open_rows integer default 0 not null,
  longest_lag interval default '00:00:00'::interval not null,
  created_at timestamp with time zone default now() not null,
  updated_at timestamp with time zone default now() not null,
  constraint conversation_metrics_conversation_id_key UNIQUE (conversation_id),
  constraint conversation_metrics_pkey PRIMARY KEY (session_key)
) with (fillfactor=70);
CREATE INDEX conversation_metrics_conversation_start_idx ON public.conversation_metrics USING btree (conversation_start);
CREATE INDEX conversation_metrics_session_id_idx ON public.conversation_metrics USING hash (session_id);
comment on table public.conversation_metrics is 'One row for each session: the conversations rows of one organization and session id. Kept by triggers in the transaction that writes those rows; not to be written by hand.';
comment on column public.conversation_metrics.session_key is 'Hash of organization and session id: the key that the ledgers refer to.';
comment on column public.conversation_metrics.conversation_id is 'Id of the session''s first row, by created_at and id; unique. Never NULL once a statement has ended.';
comment on column public.conversation_metrics.session_id is 'The session''s id within its organization.';
comment on column public.conversation_metrics.organization_id is 'The tenant; NULL is a tenant of its own.';
comment on column public.conversation_metrics.widget_id is 'Of the session''s first row.';
comment on column public.conversation_metrics.user_id is 'Of the session''s first row.';
comment on column public.conversation_metrics.total_messages is 'user_messages + ai_messages.';
comment on column public.conversation_metrics.user_messages is 'Messages by the user: message where role is user or NULL.';
comment on column public.conversation_metrics.ai_messages is 'Messages by the AI: every response, and message where role is assistant.';
comment on column public.conversation_metrics.total_tokens is 'prompt_tokens + completion_tokens.';
comment on column public.conversation_metrics.prompt_tokens is 'Tokens of the user''s messages: reported by the provider, else counted, else estimated.';
comment on column public.conversation_metrics.completion_tokens is 'Tokens of the AI''s messages: reported by the provider, else counted, else estimated.';
comment on column public.conversation_metrics.estimated_messages is 'How many messages'' tokens are still the estimate ceil(characters / 4).';
comment on column public.conversation_metrics.conversation_start is 'Smallest known created_at of the session''s rows.';
comment on column public.conversation_metrics.conversation_end is 'Largest known created_at, or responded_at of a row with a response.';
comment on column public.conversation_metrics.conversation_duration is 'conversation_end - conversation_start, seconds; NULL where no time is known.';
comment on column public.conversation_metrics.average_response_time is 'Mean seconds from a user''s message to the AI''s answer; NULL where no answer''s time is known.';
comment on column public.conversation_metrics.response_count is 'How many answers have a known response time.';
comment on column public.conversation_metrics.response_us_sum is 'Sum of those response times, microseconds.';
comment on column public.conversation_metrics.has_lead is 'Whether the session has a lead.';
comment on column public.conversation_metrics.lead_name is 'Of the session''s latest lead.';
comment on column public.conversation_metrics.lead_email is 'Of the session''s latest lead.';
comment on column public.conversation_metrics.lead_company is 'Of the session''s latest lead.';
comment on column public.conversation_metrics.user_satisfaction is 'Mean rating, 1 to 5; NULL without any.';
comment on column public.conversation_metrics.rating_count is 'How many ratings the session has.';
comment on column public.conversation_metrics.rating_sum is 'Sum of the ratings.';
comment on column public.conversation_metrics.message_rows is 'How many conversations rows the session has.';
comment on column public.conversation_metrics.open_rows is 'Rows with a user''s message and no response: only there can a following row be the answer.';
comment on column public.conversation_metrics.longest_lag is 'Upper bound of a row''s responded_at - created_at: how far back the end is looked for when a row goes.';
comment on column public.conversation_metrics.created_at is 'When this metrics row was made.';
comment on column public.conversation_metrics.updated_at is 'When a value of this metrics row last changed.';


-- The application's tables, as made where there are none

create table public.conversations (
  id bigint generated by default as identity,
  organization_id bigint,
  session_id text not null,
  widget_id bigint,
  user_id bigint,
  role text,
  message text,
  response text,
  model text,
  prompt_tokens integer,
  completion_tokens integer,
  created_at timestamp with time zone default now() not null,
  responded_at timestamp with time zone,
  constraint conversations_pkey PRIMARY KEY (id)
);
CREATE INDEX conversations_session_id_idx ON public.conversations USING btree (session_id, organization_id, created_at);
comment on table public.conversations is 'The application''s messages: a row is an exchange (message and response) or a single message with a role.';

create table public.feedback (
  id bigint generated by default as identity,
  conversation_id bigint,
  session_id text,
  organization_id bigint,
  message_index integer,
  rating smallint,
  feedback_text text,
  created_at timestamp with time zone default now() not null,
  updated_at timestamp with time zone default now() not null,
  constraint feedback_conversation_id_fkey FOREIGN KEY (conversation_id) REFERENCES public.conversations(id) ON DELETE CASCADE,
  constraint feedback_pkey PRIMARY KEY (id),
  constraint feedback_rating_range CHECK (rating >= 1 AND rating <= 5)
);
CREATE INDEX feedback_conversation_id_idx ON public.feedback USING btree (conversation_id);
comment on table public.feedback is 'The application''s ratings, 1 to 5, of a session or of one conversation row.';

create table public.leads (
  id bigint generated by default as identity,
  organization_id bigint,
  session_id text,
  widget_id bigint,
  user_id bigint,
  name text,
  email text,
  phone text,
  company text,
  custom_fields jsonb default '{}'::jsonb not null,
  created_at timestamp with time zone default now() not null,
  constraint leads_pkey PRIMARY KEY (id)
);
comment on table public.leads is 'The application''s leads: who left contact details in a session.';


-- Views

create view metrics.counted_feedback as
 SELECT source.feedback_id,
        CASE
            WHEN source.session_id IS NULL THEN source.conversation_id
            ELSE NULL::bigint
        END AS conversation_id,
        CASE
            WHEN source.session_id IS NULL THEN message.session_key
            ELSE metrics.session_key(source.organization_id::text, source.session_id)
        END AS session_key,
        CASE
            WHEN source.rating >= 1::numeric AND source.rating <= 5::numeric THEN source.rating
            ELSE NULL::numeric
        END AS rating
   FROM metrics.source_feedback source
     LEFT JOIN metrics.messages message ON message.conversation_id = source.conversation_id;
comment on view metrics.counted_feedback is 'What the ledger metrics.feedback should hold: feedback without a session id belongs to the session of its conversation row; a rating outside 1 to 5 is none.';

create view metrics.counted_leads as
 SELECT lead_id,
    metrics.session_key(organization_id::text, session_id) AS session_key,
    COALESCE(metrics.known_time(created_at), '-infinity'::timestamp with time zone) AS created_at,
    name,
    email,
    company
   FROM metrics.source_leads source;
comment on view metrics.counted_leads is 'What the ledger metrics.leads should hold, derived from the source rows.';

create view metrics.counted_messages as
 SELECT source.conversation_id,
    source.organization_id,
    source.session_id,
    source.widget_id,
    source.user_id,
    counted.session_key,
    counted.created_at,
        CASE
            WHEN kept.completion THEN GREATEST(counted.ended_at, ledger.ended_at)
            ELSE counted.ended_at
        END AS ended_at,
        CASE
            WHEN kept.prompt THEN ledger.user_messages
            ELSE counted.user_messages
        END AS user_messages,
        CASE
            WHEN kept.completion THEN ledger.ai_messages
            ELSE counted.ai_messages
        END AS ai_messages,
        CASE
            WHEN exact.prompt OR kept.prompt THEN ledger.prompt_tokens
            ELSE counted.prompt_tokens
        END AS prompt_tokens,
        CASE
            WHEN exact.completion OR kept.completion THEN ledger.completion_tokens
            ELSE counted.completion_tokens
        END AS completion_tokens,
        CASE
            WHEN kept.prompt AND ledger.prompt_source = 'estimate'::metrics.token_source THEN 'kept'::metrics.token_source
            WHEN exact.prompt OR kept.prompt THEN ledger.prompt_source
            ELSE counted.prompt_source
        END AS prompt_source,
        CASE
            WHEN kept.completion AND ledger.completion_source = 'estimate'::metrics.token_source THEN 'kept'::metrics.token_source
            WHEN exact.completion OR kept.completion THEN ledger.completion_source
            ELSE counted.completion_source
        END AS completion_source,
        CASE
            WHEN (kept.prompt OR kept.completion) AND ledger.user_messages > 0 AND ledger.ai_messages > 0 THEN ledger.response_us
            ELSE counted.response_us
        END AS response_us
   FROM metrics.source_messages source
     CROSS JOIN LATERAL metrics.count_message(source.organization_id::text, source.session_id, source.role, source.message, source.response, source.prompt_tokens, source.completion_tokens, source.created_at, source.responded_at) counted(session_key, created_at, ended_at, user_messages, ai_messages, prompt_tokens, completion_tokens, prompt_source, completion_source, response_us)
     LEFT JOIN metrics.messages ledger ON ledger.conversation_id = source.conversation_id
     CROSS JOIN LATERAL ( SELECT ledger.prompt_source = 'tiktoken'::metrics.token_source AND counted.prompt_source = 'estimate'::metrics.token_source AND ledger.prompt_digest = metrics.text_digest(source.model, source.message, NULL::text) AS "?column?",
            ledger.completion_source = 'tiktoken'::metrics.token_source AND counted.completion_source = 'estimate'::metrics.token_source AND ledger.completion_digest = metrics.text_digest(source.model,
                CASE
                    WHEN source.role = 'assistant'::text THEN source.message
                    ELSE NULL::text
                END, source.response) AS "?column?"
         OFFSET 0) exact(prompt, completion)
     CROSS JOIN LATERAL ( SELECT ledger.session_key = counted.session_key AND ledger.user_messages > counted.user_messages AND COALESCE(source.message, ''::text) = ''::text AND ( SELECT s.keeps_numbers
                   FROM metrics.settings s) AS "?column?",
            ledger.session_key = counted.session_key AND ledger.ai_messages > counted.ai_messages AND COALESCE(source.response, ''::text) = ''::text AND (source.role IS DISTINCT FROM 'assistant'::text OR COALESCE(source.message, ''::text) = ''::text) AND ( SELECT s.keeps_numbers
                   FROM metrics.settings s) AS "?column?"
         OFFSET 0) kept(prompt, completion);
comment on view metrics.counted_messages is 'What the ledger metrics.messages should hold, derived from the source rows: one row per message row that belongs to a session. Token counts are the ledger''s exact ones where they are of the row''s present texts.';

create view metrics.feedback_drift as
 SELECT COALESCE(actual.feedback_id, f.feedback_id) AS feedback_id,
    actual.session_key,
    f.session_key AS counted_session_key
   FROM metrics.counted_feedback actual
     FULL JOIN metrics.feedback f ON f.feedback_id = actual.feedback_id
  WHERE f.session_key IS DISTINCT FROM actual.session_key OR f.conversation_id IS DISTINCT FROM actual.conversation_id OR f.rating IS DISTINCT FROM actual.rating OR actual.conversation_id IS NOT NULL AND NOT (EXISTS ( SELECT
           FROM metrics.messages l
          WHERE l.conversation_id = actual.conversation_id AND l.has_feedback));
comment on view metrics.feedback_drift is 'The feedback rows whose entry in the ledger metrics.feedback differs from their source row, is missing, or stands for no row; with the session it belongs to and the one it was counted in.';

create view metrics.lead_drift as
 SELECT COALESCE(actual.lead_id, l.lead_id) AS lead_id,
    actual.session_key,
    l.session_key AS counted_session_key
   FROM metrics.counted_leads actual
     FULL JOIN metrics.leads l ON l.lead_id = actual.lead_id
  WHERE l.session_key IS DISTINCT FROM actual.session_key OR l.created_at IS DISTINCT FROM actual.created_at OR l.name IS DISTINCT FROM actual.name OR l.email IS DISTINCT FROM actual.email OR l.company IS DISTINCT FROM actual.company;
comment on view metrics.lead_drift is 'The lead rows whose entry in the ledger metrics.leads differs from their source row, is missing, or stands for no row; with the session it belongs to and the one it was counted in.';

create view metrics.message_drift as
 WITH actual AS (
         SELECT c.conversation_id,
            c.organization_id,
            c.session_id,
            c.widget_id,
            c.user_id,
            c.session_key,
            c.created_at,
            c.ended_at,
            c.user_messages,
            c.ai_messages,
            c.prompt_tokens,
            c.completion_tokens,
            c.prompt_source,
            c.completion_source,
            c.response_us,
                CASE
                    WHEN c.user_messages = 0 OR c.ai_messages > 0 THEN c.response_us
                    WHEN lead(c.ai_messages) OVER next_row > 0 AND lead(c.user_messages) OVER next_row = 0 THEN metrics.response_us(NULLIF(c.created_at, 'infinity'::timestamp with time zone), NULLIF(lead(c.created_at) OVER next_row, 'infinity'::timestamp with time zone))
                    ELSE NULL::bigint
                END AS answered_us
           FROM metrics.counted_messages c
          WINDOW next_row AS (PARTITION BY c.session_key ORDER BY c.created_at, c.conversation_id)
        )
 SELECT COALESCE(actual.conversation_id, l.conversation_id) AS conversation_id,
    actual.session_key,
    l.session_key AS counted_session_key
   FROM actual
     FULL JOIN metrics.messages l ON l.conversation_id = actual.conversation_id
  WHERE (l.session_key IS DISTINCT FROM actual.session_key OR l.created_at IS DISTINCT FROM actual.created_at OR l.ended_at IS DISTINCT FROM actual.ended_at OR l.user_messages IS DISTINCT FROM actual.user_messages OR l.ai_messages IS DISTINCT FROM actual.ai_messages OR l.prompt_tokens IS DISTINCT FROM actual.prompt_tokens OR l.completion_tokens IS DISTINCT FROM actual.completion_tokens OR l.prompt_source IS DISTINCT FROM actual.prompt_source OR l.completion_source IS DISTINCT FROM actual.completion_source OR l.response_us IS DISTINCT FROM actual.answered_us) AND (actual.conversation_id IS NOT NULL OR l.session_key IS NOT NULL);
comment on view metrics.message_drift is 'The message rows whose entry in the ledger metrics.messages differs from their source row, is missing, or stands for no row; with the session it belongs to and the one it was counted in.';

create view metrics.own_scopes with (security_barrier=true) as
 SELECT source,
        CASE scope
            WHEN 'setting'::text THEN NULLIF(current_setting('conversation_metrics.organization'::text, true), ''::text)
            ELSE organization_id
        END AS organization_id,
    scope = 'none'::text OR scope = 'setting'::text AND COALESCE(NULLIF(current_setting('conversation_metrics.no_organization'::text, true), ''::text), 'off'::text)::boolean AS is_none,
    scope = 'all'::text AS is_all
   FROM metrics.readers r
  WHERE pg_has_role(role::oid, 'usage'::text);
comment on view metrics.own_scopes is 'What the role that asks may read: organizations by name, those rows without one (is_none), or all of them (is_all). What its settings name counts only for a role that was granted by setting.';

create view metrics.readable_messages with (security_barrier=true) as
 SELECT l.session_key,
    l.conversation_id,
    l.created_at,
    l.user_messages,
    l.ai_messages,
    l.prompt_tokens,
    l.completion_tokens,
    l.prompt_source,
    l.completion_source,
    l.response_us,
    l.encoding,
    l.counted_at,
    x.role,
    x.message,
    x.response,
    x.model,
    x.responded_at
   FROM metrics.session_metrics m
     JOIN metrics.messages l ON l.session_key = m.session_key
     LEFT JOIN metrics.source_messages x ON x.conversation_id = l.conversation_id
  WHERE NOT ( SELECT row_security_active('public.conversation_metrics'::text) AS row_security_active) OR ( SELECT COALESCE(bool_or(s.is_all), false) AS "coalesce"
           FROM metrics.own_scopes s
          WHERE s.source IS NULL OR s.source = 'default'::text) OR (m.organization_id::text IN ( SELECT s.organization_id
           FROM metrics.own_scopes s
          WHERE s.organization_id IS NOT NULL AND (s.source IS NULL OR s.source = 'default'::text))) OR m.organization_id IS NULL AND ( SELECT COALESCE(bool_or(s.is_none), false) AS "coalesce"
           FROM metrics.own_scopes s
          WHERE s.source IS NULL OR s.source = 'default'::text);
comment on view metrics.readable_messages is 'The messages, as they were counted, of the organizations that the role that asks may read (metrics.readers), with model and texts from the application''s rows.';

create view metrics.session_metrics with (security_invoker=true) as
 SELECT m.session_key,
    m.conversation_id,
    m.session_id,
    m.organization_id,
    m.widget_id,
    m.user_id,
    m.total_messages,
    m.user_messages,
    m.ai_messages,
    m.total_tokens,
    m.prompt_tokens,
    m.completion_tokens,
    m.estimated_messages,
    m.conversation_start,
    m.conversation_end,
    m.conversation_duration,
    m.average_response_time,
    m.response_count,
    m.response_us_sum,
    m.has_lead,
    m.lead_name,
    m.lead_email,
    m.lead_company,
    m.user_satisfaction,
    m.rating_count,
    m.rating_sum,
    m.message_rows,
    m.open_rows,
    m.longest_lag,
    m.created_at,
    m.updated_at,
    NULL::timestamp with time zone AS archived_at
   FROM public.conversation_metrics m
UNION ALL
 SELECT a.session_key,
    a.conversation_id,
    a.session_id,
    a.organization_id,
    a.widget_id,
    a.user_id,
    a.total_messages,
    a.user_messages,
    a.ai_messages,
    a.total_tokens,
    a.prompt_tokens,
    a.completion_tokens,
    a.estimated_messages,
    a.conversation_start,
    a.conversation_end,
    a.conversation_duration,
    a.average_response_time,
    a.response_count,
    a.response_us_sum,
    a.has_lead,
    a.lead_name,
    a.lead_email,
    a.lead_company,
    a.user_satisfaction,
    a.rating_count,
    a.rating_sum,
    a.message_rows,
    a.open_rows,
    a.longest_lag,
    a.created_at,
    a.updated_at,
    a.archived_at
   FROM public.conversation_metrics_archive a;
comment on view metrics.session_metrics is 'The metrics of all sessions: those of conversation_metrics, and those in conversation_metrics_archive (archived_at is not NULL).';

create view metrics.session_truth as
 WITH ordered AS (
         SELECT c.conversation_id,
            c.organization_id,
            c.session_id,
            c.widget_id,
            c.user_id,
            c.session_key,
            c.created_at,
            c.ended_at,
            c.user_messages,
            c.ai_messages,
            c.prompt_tokens,
            c.completion_tokens,
            c.prompt_source,
            c.completion_source,
            c.response_us,
            row_number() OVER in_order AS "position",
            metrics.is_open(c.user_messages, c.ai_messages) AS is_open,
                CASE
                    WHEN c.user_messages = 0 OR c.ai_messages > 0 THEN c.response_us
                    WHEN lead(c.ai_messages) OVER in_order > 0 AND lead(c.user_messages) OVER in_order = 0 THEN metrics.response_us(NULLIF(c.created_at, 'infinity'::timestamp with time zone), NULLIF(lead(c.created_at) OVER in_order, 'infinity'::timestamp with time zone))
                    ELSE NULL::bigint
                END AS answered_us
           FROM metrics.counted_messages c
          WINDOW in_order AS (PARTITION BY c.session_key ORDER BY c.created_at, c.conversation_id)
        ), messages AS (
         SELECT ordered.session_key,
            (array_agg(ordered.conversation_id) FILTER (WHERE ordered."position" = 1))[1] AS conversation_id,
            (array_agg(ordered.session_id) FILTER (WHERE ordered."position" = 1))[1] AS session_id,
            (array_agg(ordered.organization_id) FILTER (WHERE ordered."position" = 1))[1] AS organization_id,
            (array_agg(ordered.widget_id) FILTER (WHERE ordered."position" = 1))[1] AS widget_id,
            (array_agg(ordered.user_id) FILTER (WHERE ordered."position" = 1))[1] AS user_id,
            count(*)::integer AS message_rows,
            sum(ordered.user_messages)::integer AS user_messages,
            sum(ordered.ai_messages)::integer AS ai_messages,
            sum(ordered.prompt_tokens) AS prompt_tokens,
            sum(ordered.completion_tokens) AS completion_tokens,
            sum(metrics.estimated_messages(ordered.user_messages, ordered.prompt_source, ordered.ai_messages, ordered.completion_source))::integer AS estimated_messages,
            count(*) FILTER (WHERE ordered.is_open)::integer AS open_rows,
            NULLIF(min(ordered.created_at), 'infinity'::timestamp with time zone) AS conversation_start,
            max(ordered.ended_at) AS conversation_end,
            count(ordered.answered_us)::integer AS response_count,
            COALESCE(sum(ordered.answered_us), 0::numeric) AS response_us_sum
           FROM ordered
          GROUP BY ordered.session_key
        ), leads AS (
         SELECT DISTINCT ON (c.session_key) c.session_key,
            c.name,
            c.email,
            c.company
           FROM metrics.counted_leads c
          ORDER BY c.session_key, c.created_at DESC, c.lead_id DESC
        ), feedback AS (
         SELECT counted_feedback.session_key,
            count(counted_feedback.rating)::integer AS rating_count,
            sum(counted_feedback.rating) AS rating_sum
           FROM metrics.counted_feedback
          WHERE counted_feedback.session_key IS NOT NULL
          GROUP BY counted_feedback.session_key
        )
 SELECT messages.session_key,
    messages.conversation_id,
    messages.session_id,
    messages.organization_id,
    messages.widget_id,
    messages.user_id,
    messages.message_rows,
    messages.user_messages,
    messages.ai_messages,
    messages.prompt_tokens,
    messages.completion_tokens,
    messages.estimated_messages,
    messages.open_rows,
    messages.conversation_start,
    messages.conversation_end,
    messages.response_count,
    messages.response_us_sum,
    leads.session_key IS NOT NULL AS has_lead,
    leads.name AS lead_name,
    leads.email AS lead_email,
    leads.company AS lead_company,
    COALESCE(feedback.rating_count, 0) AS rating_count,
    COALESCE(feedback.rating_sum, 0::numeric) AS rating_sum
   FROM messages
     LEFT JOIN leads ON leads.session_key = messages.session_key
     LEFT JOIN feedback ON feedback.session_key = messages.session_key;
comment on view metrics.session_truth is 'What conversation_metrics should hold, recomputed from the source rows: one row per session.';

create view metrics.source_feedback as
 SELECT id AS feedback_id,
    conversation_id,
    organization_id,
    session_id,
        CASE
            WHEN rating >= 1 AND rating <= 5 THEN rating::numeric
            ELSE NULL::numeric
        END AS rating
   FROM public.feedback source
  WHERE id IS NOT NULL;
comment on view metrics.source_feedback is 'The rows of public.feedback as canonical feedback rows: the one place that knows the application''s columns.';

create view metrics.source_leads as
 SELECT id AS lead_id,
    organization_id,
    session_id,
    name,
    email,
    company,
    created_at
   FROM public.leads source
  WHERE id IS NOT NULL AND session_id IS NOT NULL;
comment on view metrics.source_leads is 'The rows of public.leads as canonical leads rows: the one place that knows the application''s columns.';

create view metrics.source_messages as
 SELECT id AS conversation_id,
    organization_id,
    session_id,
    widget_id,
    user_id,
    role,
    message,
    response,
    model,
    NULLIF(GREATEST(prompt_tokens, '-1'::integer), '-1'::integer) AS prompt_tokens,
    NULLIF(GREATEST(completion_tokens, '-1'::integer), '-1'::integer) AS completion_tokens,
    created_at,
    responded_at
   FROM public.conversations source
  WHERE id IS NOT NULL AND session_id IS NOT NULL;
comment on view metrics.source_messages is 'The rows of public.conversations as canonical messages rows: the one place that knows the application''s columns.';

create view metrics.source_tables as
 WITH RECURSIVE tables AS (
         SELECT s.kind,
            s.relation::oid AS relation
           FROM metrics.sources s
        UNION
         SELECT t_1.kind,
            i.inhrelid
           FROM pg_inherits i
             JOIN tables t_1 ON i.inhparent = t_1.relation
        )
 SELECT t.kind,
    t.relation::regclass AS relation
   FROM tables t
     JOIN pg_class c ON c.oid = t.relation
  WHERE c.relkind = ANY (ARRAY['r'::"char", 'p'::"char"]);
comment on view metrics.source_tables is 'Every table that source rows can be written to: the sources and their partitions. A write that names a partition fires only the statement triggers of that partition.';

create view public.conversation_metrics_drift as
 SELECT COALESCE(m.organization_id, truth.organization_id) AS organization_id,
    COALESCE(m.session_id, truth.session_id) AS session_id,
    COALESCE(m.session_key, truth.session_key) AS session_key,
    compared.column_name,
    compared.stored,
    compared.actual
   FROM metrics.session_truth truth
     FULL JOIN metrics.session_metrics m ON m.session_key = truth.session_key
     CROSS JOIN LATERAL ( VALUES ('conversation_id'::text,m.conversation_id IS DISTINCT FROM truth.conversation_id,m.conversation_id::text,truth.conversation_id::text), ('session_id'::text,m.session_id IS DISTINCT FROM truth.session_id,m.session_id,truth.session_id), ('organization_id'::text,m.organization_id IS DISTINCT FROM truth.organization_id,m.organization_id::text,truth.organization_id::text), ('widget_id'::text,m.widget_id IS DISTINCT FROM truth.widget_id,m.widget_id::text,truth.widget_id::text), ('user_id'::text,m.user_id IS DISTINCT FROM truth.user_id,m.user_id::text,truth.user_id::text), ('message_rows'::text,m.message_rows <> truth.message_rows,m.message_rows::text,truth.message_rows::text), ('open_rows'::text,m.open_rows <> truth.open_rows,m.open_rows::text,truth.open_rows::text), ('user_messages'::text,m.user_messages <> truth.user_messages,m.user_messages::text,truth.user_messages::text), ('ai_messages'::text,m.ai_messages <> truth.ai_messages,m.ai_messages::text,truth.ai_messages::text), ('prompt_tokens'::text,m.prompt_tokens <> truth.prompt_tokens,m.prompt_tokens::text,truth.prompt_tokens::text), ('completion_tokens'::text,m.completion_tokens <> truth.completion_tokens,m.completion_tokens::text,truth.completion_tokens::text), ('estimated_messages'::text,m.estimated_messages <> truth.estimated_messages,m.estimated_messages::text,truth.estimated_messages::text), ('conversation_start'::text,m.conversation_start IS DISTINCT FROM truth.conversation_start,m.conversation_start::text,truth.conversation_start::text), ('conversation_end'::text,m.conversation_end IS DISTINCT FROM truth.conversation_end,m.conversation_end::text,truth.conversation_end::text), ('response_count'::text,m.response_count <> truth.response_count,m.response_count::text,truth.response_count::text), ('response_us_sum'::text,m.response_us_sum <> truth.response_us_sum,m.response_us_sum::text,truth.response_us_sum::text), ('has_lead'::text,m.has_lead <> truth.has_lead,m.has_lead::text,truth.has_lead::text), ('lead_name'::text,m.lead_name IS DISTINCT FROM truth.lead_name,m.lead_name,truth.lead_name), ('lead_email'::text,m.lead_email IS DISTINCT FROM truth.lead_email,m.lead_email,truth.lead_email), ('lead_company'::text,m.lead_company IS DISTINCT FROM truth.lead_company,m.lead_company,truth.lead_company), ('rating_count'::text,m.rating_count <> truth.rating_count,m.rating_count::text,truth.rating_count::text), ('rating_sum'::text,m.rating_sum <> truth.rating_sum,m.rating_sum::text,truth.rating_sum::text)) compared(column_name, differs, stored, actual)
  WHERE
        CASE
            WHEN m.session_key IS NULL OR truth.session_key IS NULL THEN compared.column_name = 'conversation_id'::text
            ELSE compared.differs
        END
UNION ALL
 SELECT COALESCE(m.organization_id, truth.organization_id) AS organization_id,
    COALESCE(m.session_id, truth.session_id) AS session_id,
    ledger.session_key,
    'ledger'::text AS column_name,
    ledger.entries ||
        CASE ledger.entries
            WHEN 1 THEN ' entry differs'::text
            ELSE ' entries differ'::text
        END AS stored,
    NULL::text AS actual
   FROM ( SELECT drift.session_key,
            count(*) AS entries
           FROM ( SELECT message_drift.session_key,
                    message_drift.counted_session_key
                   FROM metrics.message_drift
                UNION ALL
                 SELECT lead_drift.session_key,
                    lead_drift.counted_session_key
                   FROM metrics.lead_drift
                UNION ALL
                 SELECT feedback_drift.session_key,
                    feedback_drift.counted_session_key
                   FROM metrics.feedback_drift) entry
             CROSS JOIN LATERAL ( SELECT entry.session_key
                UNION
                 SELECT entry.counted_session_key) drift(session_key)
          WHERE drift.session_key IS NOT NULL OR entry.session_key IS NULL AND entry.counted_session_key IS NULL
          GROUP BY drift.session_key) ledger
     LEFT JOIN metrics.session_metrics m ON m.session_key = ledger.session_key
     LEFT JOIN metrics.session_truth truth ON truth.session_key = ledger.session_key
UNION ALL
 SELECT a.organization_id,
    a.session_id,
    a.session_key,
    'archived_at'::text AS column_name,
    a.archived_at::text AS stored,
    NULL::text AS actual
   FROM public.conversation_metrics_archive a
     JOIN public.conversation_metrics m ON m.session_key = a.session_key
UNION ALL
 SELECT NULL::bigint AS organization_id,
    NULL::text AS session_id,
    NULL::uuid AS session_key,
    'rollup'::text AS column_name,
    min(d.rollup::text) FILTER (WHERE d.side = 'kept'::text) AS stored,
    min(d.rollup::text) FILTER (WHERE d.side = 'meant'::text) AS actual
   FROM metrics.rollup_drift() d(side, rollup)
  GROUP BY ((d.rollup).starts_at), ((d.rollup).minutes), ((d.rollup).organization_id), ((d.rollup).widget_id), ((d.rollup).all_widgets);
comment on view public.conversation_metrics_drift is 'Empty when all is right; else a row for each session and column whose stored value is not the one recomputed from the source rows. column_name ''ledger'': entries of the ledgers differ from their source rows. column_name ''archived_at'': the session is in conversation_metrics and in the archive, and counted twice. column_name ''rollup'', without a session: a row of rollups is not what its sessions add up to.';


-- Functions

CREATE OR REPLACE FUNCTION metrics.add_answers(deltas metrics.session_delta[])
 RETURNS void
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
begin
  update public.conversation_metrics as m
  set
    response_count = m.response_count + delta.response_count,
    response_us_sum = m.response_us_sum + delta.response_us_sum
  from unnest(metrics.pair_answers(deltas)) as delta
  where m.session_key = delta.session_key
    and (delta.response_count <> 0 or delta.response_us_sum <> 0);
end; $function$;
comment on function metrics.add_answers(metrics.session_delta[]) is 'Adds to the metrics rows what metrics.pair_answers finds for these stretches.';

CREATE OR REPLACE FUNCTION metrics.add_earlier_rows(deltas metrics.session_delta[])
 RETURNS void
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
begin
  -- Locked already, in order, by the statement that found them.
  perform metrics.apply_deltas(
    metrics.pair_answers(deltas), metrics.enter_sessions(array(select d.session_key from unnest(deltas) as d))
  );
end; $function$;
comment on function metrics.add_earlier_rows(metrics.session_delta[]) is 'Adds to the metrics rows of sessions what metrics.count_new_messages_sql left: new rows before their first one, or of archived sessions.';

CREATE OR REPLACE FUNCTION metrics.add_first_row(new_row metrics.messages)
 RETURNS void
 LANGUAGE plpgsql
AS $function$
declare
  entered uuid[];
begin
  entered := metrics.enter_sessions(array[new_row.session_key]);
  perform metrics.apply_deltas(metrics.pair_answers(array[metrics.message_delta(new_row)]), entered);
end; $function$;
comment on function metrics.add_first_row(metrics.messages) is 'Adds a new ledger row to the metrics of a session that had no metrics row when it was looked for.';

CREATE OR REPLACE FUNCTION metrics.adopt_sources()
 RETURNS void
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
begin
  -- Refuse before anything is made: a table that cannot be adopted leaves the database as it was.
  if to_regclass('public.conversations') is not null then
    perform metrics.check_source('public.conversations', array['id', 'session_id', 'created_at', 'message or response']);
  end if;
  if to_regclass('public.leads') is not null then
    perform metrics.check_source('public.leads', array['id', 'session_id']);
  end if;
  if to_regclass('public.feedback') is not null then
    perform metrics.check_source('public.feedback', array['id', 'rating', 'session_id or conversation_id']);
  end if;

  perform metrics.create_source_tables();
  perform metrics.install_mapping('messages', 'public.conversations');
  perform metrics.install_mapping('leads', 'public.leads');
  perform metrics.install_mapping('feedback', 'public.feedback');
end; $function$;
comment on function metrics.adopt_sources() is 'Takes conversations, leads and feedback as sources, creating those that do not exist. Raises an error naming what is missing where one cannot be.';

CREATE OR REPLACE FUNCTION metrics.api_reader()
 RETURNS name
 LANGUAGE sql
 STABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
BEGIN ATOMIC
 SELECT p.rolname
    FROM (metrics.readers r
      JOIN pg_roles p ON ((p.oid = (r.role)::oid)))
   WHERE ((r.scope = 'setting'::text) AND (r.reads = 'texts'::text) AND (r.source IS NULL) AND (NOT p.rolcanlogin) AND (NOT p.rolsuper) AND (NOT p.rolbypassrls) AND (NOT (EXISTS ( SELECT
            FROM metrics.readers other
           WHERE ((other.scope <> 'setting'::text) AND pg_has_role(p.oid, (other.role)::oid, 'usage'::text))))) AND pg_has_role(p.oid,
         CASE
             WHEN ((current_setting('server_version_num'::text))::integer >= 160000) THEN 'set'::text
             ELSE 'member'::text
         END))
   ORDER BY p.rolname
  LIMIT 1;
END;
comment on function metrics.api_reader() is 'The role that metrics.confine takes: one that reads by setting and texts, cannot log in, reads nothing else, and that the role that asks may become. All such are alike, so the first by name.';

CREATE OR REPLACE FUNCTION metrics.apply_deltas(deltas metrics.session_delta[], entered uuid[])
 RETURNS void
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET plan_cache_mode TO 'force_generic_plan'
 SET enable_hashjoin TO 'off'
 SET enable_mergejoin TO 'off'
 SET enable_seqscan TO 'off'
 SET join_collapse_limit TO '8'
 SET from_collapse_limit TO '8'
 SET jit TO 'off'
AS $function$
declare
  changed_at constant timestamptz := clock_timestamp();
  released uuid[];
  with_extras uuid[];
begin
  if cardinality(deltas) > 128 then
    perform metrics.plan_for_many();
  end if;
  perform metrics.mark_rollups(entered);
  -- Who holds a first row that is another session's now. One of these sessions lets go of it before the
  -- other takes it. Anyone else can only be stale (left by a restore, say) and must not make this write
  -- fail on the unique conversation_id: it goes, and is derived anew below.
  with claims as materialized (
    select m.session_key, m.session_key = any(entered) and m.session_key in (select d.session_key from unnest(deltas) as d) as is_ours
    from unnest(deltas) as delta
    cross join lateral metrics.session_bounds(delta.session_key, '0') as bounds
    join public.conversation_metrics as m on m.conversation_id = bounds.conversation_id
    where m.session_key <> delta.session_key
  ),
  let_go as (
    update public.conversation_metrics as m
    set conversation_id = null
    from claims
    where m.session_key = claims.session_key and claims.is_ours
  ),
  stale as (
    delete from public.conversation_metrics as m
    using claims
    where m.session_key = claims.session_key and not claims.is_ours
    returning m.session_key
  )
  select array_agg(stale.session_key) into released from stale;

  if cardinality(entered) > 0 then
      delete from public.conversation_metrics as m
      using unnest(deltas) as delta
      where m.session_key = delta.session_key
        and m.session_key = any(entered)
        and not exists (select from metrics.messages as l where l.session_key = delta.session_key);

      update public.conversation_metrics as m
      set
        conversation_id = bounds.conversation_id,
        widget_id = first.widget_id,
        user_id = first.user_id,
        user_messages = m.user_messages + delta.user_messages,
        ai_messages = m.ai_messages + delta.ai_messages,
        prompt_tokens = m.prompt_tokens + delta.prompt_tokens,
        completion_tokens = m.completion_tokens + delta.completion_tokens,
        estimated_messages = m.estimated_messages + delta.estimated_messages,
        conversation_start = bounds.conversation_start,
        conversation_end = ends.conversation_end,
        response_count = m.response_count + delta.response_count,
        response_us_sum = m.response_us_sum + delta.response_us_sum,
        message_rows = m.message_rows + delta.message_rows,
        open_rows = m.open_rows + delta.open_rows,
        longest_lag = greatest(m.longest_lag, delta.longest_lag),
        updated_at = case
          when (delta.user_messages, delta.ai_messages, delta.prompt_tokens, delta.completion_tokens,
                delta.estimated_messages, delta.response_count, delta.response_us_sum) <> (0, 0, 0, 0, 0, 0, 0)
            or (m.conversation_id, m.widget_id, m.user_id, m.conversation_start, m.conversation_end)
              is distinct from
              (bounds.conversation_id, first.widget_id, first.user_id, bounds.conversation_start, ends.conversation_end)
          then changed_at
          else m.updated_at
        end
      from unnest(deltas) as delta
      join public.conversation_metrics as stored on stored.session_key = delta.session_key
      cross join lateral metrics.session_bounds(
        delta.session_key, greatest(stored.longest_lag, delta.longest_lag)
      ) as bounds
      -- Looked up only where a row that may have been the end is gone.
      cross join lateral (
        select case
          when delta.removed_end >= stored.conversation_end then bounds.conversation_end
          else greatest(stored.conversation_end, delta.added_end)
        end
      ) as ends (conversation_end)
      -- By session too: see metrics.add_first_row.
      left join metrics.source_messages as first
        on first.conversation_id = bounds.conversation_id
        and metrics.session_key(first.organization_id::text, first.session_id::text) = delta.session_key
      where m.session_key = delta.session_key
        and m.session_key = any(entered);
  end if;

  -- A session without a metrics row is derived from the ledger in full.
  with made as (
    insert into public.conversation_metrics (
      session_key, conversation_id, session_id, organization_id, widget_id, user_id,
      user_messages, ai_messages, prompt_tokens, completion_tokens, estimated_messages,
      conversation_start, conversation_end, response_count, response_us_sum,
      message_rows, open_rows, longest_lag, created_at, updated_at
    )
    select
      total.session_key, bounds.conversation_id, first.session_id,
      first.organization_id, first.widget_id, first.user_id,
      total.user_messages, total.ai_messages, total.prompt_tokens, total.completion_tokens,
      total.estimated_messages, bounds.conversation_start, bounds.conversation_end,
      total.response_count, total.response_us_sum,
      total.message_rows, total.open_rows, total.longest_lag, changed_at, changed_at
    from unnest(deltas) as delta
    cross join lateral metrics.session_bounds(delta.session_key, '100 years') as bounds
    cross join lateral metrics.session_total(delta.session_key) as total
    cross join lateral (
      select s.session_id, s.organization_id, s.widget_id, s.user_id
      from metrics.source_messages as s
      where s.conversation_id = bounds.conversation_id
        and metrics.session_key(s.organization_id::text, s.session_id::text) = delta.session_key
      limit 1 -- A view may come to show an id twice.
    ) as first
    where delta.session_key <> all(entered)
    returning session_key
  )
  select array_agg(made.session_key) into with_extras
  from made
  join metrics.sessions as s on s.session_key = made.session_key
  where s.is_known;

  if with_extras is not null then
    perform metrics.apply_extras(with_extras);
  end if;
  perform metrics.mark_rollups(array(select d.session_key from unnest(deltas) as d));
  if released is not null then
    -- Where they claimed to have begun, nobody knows any more.
    insert into metrics.rollup_resets default values;
    perform metrics.rebuild_sessions(released);
  end if;
end; $function$;
comment on function metrics.apply_deltas(metrics.session_delta[],uuid[]) is 'Brings the metrics rows of these sessions up to date with the ledger; makes and deletes rows as sessions come and go.';

CREATE OR REPLACE FUNCTION metrics.apply_extras(keys uuid[])
 RETURNS void
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET plan_cache_mode TO 'force_generic_plan'
 SET enable_hashjoin TO 'off'
 SET enable_mergejoin TO 'off'
 SET enable_seqscan TO 'off'
 SET join_collapse_limit TO '8'
 SET from_collapse_limit TO '8'
 SET jit TO 'off'
AS $function$
declare
  changed_at constant timestamptz := clock_timestamp();
begin
  if cardinality(keys) > 128 then
    perform metrics.plan_for_many();
  end if;
  with changed as (
    update public.conversation_metrics as m
    set
      has_lead = latest.lead_id is not null,
      lead_name = latest.name,
      lead_email = latest.email,
      lead_company = latest.company,
      rating_count = ratings.rating_count,
      rating_sum = ratings.rating_sum,
      updated_at = case
        when (m.has_lead, m.lead_name, m.lead_email, m.lead_company, m.rating_count, m.rating_sum)
          is distinct from
          (latest.lead_id is not null, latest.name, latest.email, latest.company, ratings.rating_count, ratings.rating_sum)
        then changed_at
        else m.updated_at
      end
    from unnest(keys) as wanted(session_key)
    left join lateral (
      select l.lead_id, l.name, l.email, l.company
      from metrics.leads as l
      where l.session_key = wanted.session_key
      order by l.created_at desc, l.lead_id desc
      limit 1
    ) as latest on true
    cross join lateral (
      select count(f.rating)::integer as rating_count, coalesce(sum(f.rating), 0) as rating_sum
      from metrics.feedback as f
      where f.session_key = wanted.session_key
    ) as ratings
    where m.session_key = wanted.session_key
    returning m.conversation_start, m.organization_id
  )
  -- As metrics.mark_rollups.
  insert into metrics.rollup_changes (starts_at, organization_id)
  select distinct metrics.quarter_hour(c.conversation_start), c.organization_id::text
  from changed as c
  where c.conversation_start < changed_at - metrics.rollup_delay();
end; $function$;
comment on function metrics.apply_extras(uuid[]) is 'Derives the lead and satisfaction columns of these sessions from the ledgers metrics.leads and metrics.feedback. The caller holds the locks of their metrics rows.';

CREATE OR REPLACE FUNCTION metrics.apply_feedback(ids anyarray)
 RETURNS void
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET plan_cache_mode TO 'force_generic_plan'
 SET enable_hashjoin TO 'off'
 SET enable_mergejoin TO 'off'
 SET enable_seqscan TO 'off'
 SET join_collapse_limit TO '8'
 SET from_collapse_limit TO '8'
 SET jit TO 'off'
AS $function$
declare
  pending ids%type := ids;
  keys uuid[];
  left_over record;
begin
  if cardinality(ids) > 128 then
    perform metrics.plan_for_many();
  end if;
  loop
    keys := metrics.sessions_of_feedback(pending);
    -- While this waits for the locks, another transaction may move a message row that feedback follows to
    -- a session that is not among them. To lock that one too would break the order, and deadlock: these
    -- are given back instead, and all are taken anew.
    begin
      perform metrics.enter_sessions(keys);
      if exists (select from unnest(metrics.sessions_of_feedback(pending)) as key where key <> all(keys)) then
        raise exception 'moved' using errcode = 'CM001';
      end if;
    exception when sqlstate 'CM001' then
      continue;
    end;
    -- Before, in one order, all ledger rows that this marks or unmarks.
    perform from metrics.messages as l
    where l.conversation_id in (
      select f.conversation_id
      from unnest(pending) as id
      join metrics.feedback as f on f.feedback_id = id
      union
      select c.conversation_id
      from unnest(pending) as id
      join metrics.counted_feedback as c on c.feedback_id = id
    )
    order by l.conversation_id
    for no key update;
    -- Feedback that follows a message row marks that row in the ledger, and leaves an empty one
    -- where it is not there yet: whoever writes, moves or deletes the row then finds the feedback.
    insert into metrics.messages as l (conversation_id, has_feedback)
    select distinct c.conversation_id, true
    from unnest(pending) as id
    join metrics.counted_feedback as c on c.feedback_id = id
    where c.conversation_id is not null
    order by c.conversation_id
    on conflict (conversation_id) do update set has_feedback = true;

    with wanted as materialized (
      -- As in metrics.apply_messages: the row that feedback follows may have moved until it was marked.
      select distinct id
      from unnest(pending) as id
      left join metrics.feedback as f on f.feedback_id = id
      left join metrics.counted_feedback as c on c.feedback_id = id
      where (f.session_key is null or f.session_key = any(keys))
        and (c.session_key is null or c.session_key = any(keys))
    ),
    old as materialized (
      select f.* from wanted join metrics.feedback as f on f.feedback_id = wanted.id
    ),
    new as materialized (
      select c.* from wanted join metrics.counted_feedback as c on c.feedback_id = wanted.id
    ),
    gone as (
      delete from metrics.feedback as f
      using old
      where f.feedback_id = old.feedback_id
        and not exists (select from new where new.feedback_id = old.feedback_id)
    ),
    changed as (
      update metrics.feedback as f
      set session_key = new.session_key, conversation_id = new.conversation_id, rating = new.rating
      from new
      where f.feedback_id = new.feedback_id
        and (f.session_key, f.conversation_id, f.rating)
          is distinct from (new.session_key, new.conversation_id, new.rating)
    ),
    -- Also an empty row for one that is gone before the ledger knew it.
    added as (
      insert into metrics.feedback (feedback_id, session_key, conversation_id, rating)
      select wanted.id, new.session_key, new.conversation_id, new.rating
      from wanted
      left join new on new.feedback_id = wanted.id
      where not exists (select from old where old.feedback_id = wanted.id)
      on conflict (feedback_id) do nothing
      returning feedback_id
    )
    select
      (
        select array_agg(id)
        from unnest(pending) as id
        where not exists (select from old where old.feedback_id = id)
          and not exists (select from added where added.feedback_id = id)
      ) as ids,
      (
        select array_agg(old.conversation_id)
        from old
        left join new on new.feedback_id = old.feedback_id
        where old.conversation_id is not null and new.conversation_id is distinct from old.conversation_id
      ) as rows
    into left_over;

    perform metrics.apply_extras(keys);
    if left_over.rows is not null then
      update metrics.messages as l
      set has_feedback = false
      where l.conversation_id = any(left_over.rows)
        and not exists (select from metrics.feedback as f where f.conversation_id = l.conversation_id);
      delete from metrics.messages as l
      where l.conversation_id = any(left_over.rows) and l.session_key is null and not l.has_feedback;
    end if;
    pending := left_over.ids;
    exit when pending is null;
  end loop;
end; $function$;
comment on function metrics.apply_feedback(anyarray) is 'Brings the ledger and the metrics up to date with feedback rows (ids, also of rows that are gone). Idempotent.';

CREATE OR REPLACE FUNCTION metrics.apply_leads(ids anyarray)
 RETURNS void
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET plan_cache_mode TO 'force_generic_plan'
 SET enable_hashjoin TO 'off'
 SET enable_mergejoin TO 'off'
 SET enable_seqscan TO 'off'
 SET join_collapse_limit TO '8'
 SET from_collapse_limit TO '8'
 SET jit TO 'off'
AS $function$
declare
  pending ids%type := ids;
  keys uuid[];
begin
  if cardinality(ids) > 128 then
    perform metrics.plan_for_many();
  end if;
  loop
    keys := metrics.sessions_of_leads(pending);
    perform metrics.enter_sessions(keys);

    with wanted as materialized (
      -- As in metrics.apply_messages.
      select distinct id
      from unnest(pending) as id
      left join metrics.leads as l on l.lead_id = id
      left join metrics.counted_leads as c on c.lead_id = id
      where (l.session_key is null or l.session_key = any(keys))
        and (c.session_key is null or c.session_key = any(keys))
    ),
    old as materialized (
      select l.* from wanted join metrics.leads as l on l.lead_id = wanted.id
    ),
    new as materialized (
      select c.* from wanted join metrics.counted_leads as c on c.lead_id = wanted.id
    ),
    gone as (
      delete from metrics.leads as l
      using old
      where l.lead_id = old.lead_id
        and not exists (select from new where new.lead_id = old.lead_id)
    ),
    changed as (
      update metrics.leads as l
      set
        session_key = new.session_key,
        created_at = new.created_at,
        name = new.name,
        email = new.email,
        company = new.company
      from new
      where l.lead_id = new.lead_id
        and (l.session_key, l.created_at, l.name, l.email, l.company)
          is distinct from (new.session_key, new.created_at, new.name, new.email, new.company)
    ),
    -- Also an empty row for one that is gone before the ledger knew it.
    added as (
      insert into metrics.leads (lead_id, session_key, created_at, name, email, company)
      select wanted.id, new.session_key, new.created_at, new.name, new.email, new.company
      from wanted
      left join new on new.lead_id = wanted.id
      where not exists (select from old where old.lead_id = wanted.id)
      on conflict (lead_id) do nothing
      returning lead_id
    )
    select array_agg(id)
    into pending
    from unnest(pending) as id
    where not exists (select from old where old.lead_id = id)
      and not exists (select from added where added.lead_id = id);

    perform metrics.apply_extras(keys);
    exit when pending is null;
  end loop;
end; $function$;
comment on function metrics.apply_leads(anyarray) is 'Brings the ledger and the metrics up to date with lead rows (ids, also of rows that are gone). Idempotent.';

CREATE OR REPLACE FUNCTION metrics.apply_messages(ids anyarray)
 RETURNS void
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET plan_cache_mode TO 'force_generic_plan'
 SET enable_hashjoin TO 'off'
 SET enable_mergejoin TO 'off'
 SET enable_seqscan TO 'off'
 SET join_collapse_limit TO '8'
 SET from_collapse_limit TO '8'
 SET jit TO 'off'
AS $function$
declare
  pending ids%type := ids;
  rated ids%type;
  keys uuid[];
  entered uuid[];
  deltas metrics.session_delta[];
begin
  if cardinality(ids) > 128 then
    perform metrics.plan_for_many();
  end if;
  loop
    keys := metrics.sessions_of_messages(pending);
    entered := metrics.enter_sessions(keys);
    if cardinality(pending) > 1 then
      -- Feedback marks ledger rows in this order too, also of rows whose session nobody knows yet. Not those
      -- of a session that is entered in the next round only: who has that one may wait for them.
      perform from unnest(pending) as id
      join metrics.messages as l on l.conversation_id = id
      where l.session_key is null or l.session_key = any(keys)
      order by l.conversation_id for no key update of l;
    end if;

    with wanted as materialized (
      -- A row that another transaction moved to a further session meanwhile waits for the next round.
      select distinct id
      from unnest(pending) as id
      left join metrics.messages as l on l.conversation_id = id
      left join metrics.counted_messages as c on c.conversation_id = id
      where (l.session_key is null or l.session_key = any(keys))
        and (c.session_key is null or c.session_key = any(keys))
    ),
    old as materialized (
      select l.* from wanted join metrics.messages as l on l.conversation_id = wanted.id
    ),
    new as materialized (
      select c.* from wanted join metrics.counted_messages as c on c.conversation_id = wanted.id
    ),
    gone as (
      delete from metrics.messages as l
      using old
      where l.conversation_id = old.conversation_id
        and not l.has_feedback
        and not exists (select from new where new.conversation_id = old.conversation_id)
    ),
    -- Feedback still names this row: should it come back, its feedback must be found again.
    emptied as (
      update metrics.messages as l
      set
        session_key = null, created_at = null, ended_at = null, response_us = null,
        user_messages = 0, ai_messages = 0, prompt_tokens = 0, completion_tokens = 0,
        prompt_source = null, completion_source = null
      from old
      where l.conversation_id = old.conversation_id
        and l.has_feedback
        and not exists (select from new where new.conversation_id = old.conversation_id)
    ),
    changed as (
      update metrics.messages as l
      set
        session_key = new.session_key,
        created_at = new.created_at,
        ended_at = new.ended_at,
        user_messages = new.user_messages,
        ai_messages = new.ai_messages,
        prompt_tokens = new.prompt_tokens,
        completion_tokens = new.completion_tokens,
        prompt_source = new.prompt_source,
        completion_source = new.completion_source,
        counted_at = case
          when 'estimate' in (new.prompt_source, new.completion_source) then now() else l.counted_at
        end,
        -- An open question keeps the answer it had; metrics.pair_answers looks again.
        response_us = case
          when metrics.is_open(old.user_messages, old.ai_messages) and metrics.is_open(new.user_messages, new.ai_messages)
            and old.session_key = new.session_key
          then old.response_us
          else new.response_us
        end
      from new
      join old on old.conversation_id = new.conversation_id
      where l.conversation_id = new.conversation_id
        and (
          (
            old.session_key, old.created_at, old.ended_at, old.user_messages, old.ai_messages,
            old.prompt_tokens, old.completion_tokens, old.prompt_source, old.completion_source,
            case when not metrics.is_open(old.user_messages, old.ai_messages) then old.response_us end
          ) is distinct from (
            new.session_key, new.created_at, new.ended_at, new.user_messages, new.ai_messages,
            new.prompt_tokens, new.completion_tokens, new.prompt_source, new.completion_source,
            new.response_us
          )
          -- Another text may have the same estimate: metrics.write_token_counts knows by the new version.
          or 'estimate' in (new.prompt_source, new.completion_source)
        )
      returning l.*
    ),
    added as (
      insert into metrics.messages (
        conversation_id, session_key, created_at, ended_at, user_messages, ai_messages,
        prompt_tokens, completion_tokens, prompt_source, completion_source, response_us
      )
      select
        new.conversation_id, new.session_key, new.created_at, new.ended_at, new.user_messages,
        new.ai_messages, new.prompt_tokens, new.completion_tokens, new.prompt_source,
        new.completion_source, new.response_us
      from new
      where not exists (select from old where old.conversation_id = new.conversation_id)
      order by new.conversation_id
      on conflict (conversation_id) do nothing
      returning *
    ),
    -- A row that is gone before the ledger knew it: another statement may still see it, an outer
    -- INSERT whose trigger comes later or a backfill. It will find this empty row and look again.
    unknown as (
      insert into metrics.messages (conversation_id)
      select wanted.id
      from wanted
      where not exists (select from old where old.conversation_id = wanted.id)
        and not exists (select from new where new.conversation_id = wanted.id)
      on conflict (conversation_id) do nothing
      returning conversation_id
    ),
    difference as (
      select 1 as sign, * from changed
      union all
      select 1, * from added
      union all
      select -1, old.*
      from old
      where not exists (select from new where new.conversation_id = old.conversation_id)
        or exists (select from changed where changed.conversation_id = old.conversation_id)
      -- Nothing counted changed, but the first row's widget or user may have.
      union all
      select 0, old.* from old
    ),
    summed as (
      select row(
        d.session_key,
        sum(d.sign),
        sum(d.sign * d.user_messages),
        sum(d.sign * d.ai_messages),
        sum(d.sign * d.prompt_tokens::bigint),
        sum(d.sign * d.completion_tokens::bigint),
        sum(d.sign * metrics.estimated_messages(d.user_messages, d.prompt_source, d.ai_messages, d.completion_source)),
        sum(d.sign * metrics.is_open(d.user_messages, d.ai_messages)::integer),
        sum(d.sign * (d.response_us is not null)::integer),
        sum(d.sign * coalesce(d.response_us, 0)::numeric),
        max(metrics.row_lag(d.created_at, d.ended_at)),
        -- Of all that were there: a row whose end moves back is among them, too.
        max(d.ended_at) filter (where d.sign < 0),
        max(d.ended_at) filter (where d.sign > 0),
        min(d.created_at),
        max(d.created_at)
      )::metrics.session_delta as delta
      from difference as d
      where d.session_key is not null
      group by d.session_key
    )
    select
      (select array_agg(summed.delta) from summed),
      (select array_agg(old.conversation_id) from old where old.has_feedback),
      (
        select array_agg(id)
        from unnest(pending) as id
        where not exists (select from old where old.conversation_id = id)
          and not exists (select from added where added.conversation_id = id)
          and not exists (select from unknown where unknown.conversation_id = id)
      )
    into deltas, rated, pending;

    if deltas is not null then
      if exists (
        select from unnest(deltas) as d
        left join public.conversation_metrics as m on m.session_key = d.session_key
        where d.open_rows <> 0 or m.open_rows > 0
      ) then
        deltas := metrics.pair_answers(deltas);
      end if;
      perform metrics.apply_deltas(deltas, entered);
    end if;
    if rated is not null then
      perform metrics.sync('feedback', array(
        select f.feedback_id from metrics.feedback as f where f.conversation_id = any(rated)
      ));
    end if;
    -- Left over: rows that another transaction brought into the ledger while this one waited.
    exit when pending is null;
  end loop;
end; $function$;
comment on function metrics.apply_messages(anyarray) is 'Brings the ledger and the metrics up to date with message rows (ids of conversations, also of rows that are gone). Idempotent.';

CREATE OR REPLACE FUNCTION metrics.archive_sessions(max_sessions integer DEFAULT 1000)
 RETURNS integer
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET jit TO 'off'
AS $function$
declare
  due constant text := $sql$
    exists (
      select
      from metrics.archive_rules as r
      where (r.is_default or r.organization_id is not distinct from m.organization_id::text)
        and r.archive_after is not null
        and greatest(m.conversation_end, m.conversation_start) < now() - r.archive_after
        -- Its own rule before the default.
        and (not r.is_default or not exists (
          select from metrics.archive_rules as own
          where not own.is_default and own.organization_id is not distinct from m.organization_id::text
        ))
    )
    -- The worker writes its counts to conversation_metrics.
    and (m.estimated_messages = 0 or not exists (
      select from metrics.messages as l
      where l.session_key = m.session_key and 'estimate' in (l.prompt_source, l.completion_source)
    ))
  $sql$;
  columns constant text := (
    select string_agg(quote_ident(a.attname), ', ' order by a.attnum)
    from pg_attribute as a
    where a.attrelid = 'public.conversation_metrics'::regclass and a.attnum > 0 and not a.attisdropped and a.attgenerated = ''
  );
  candidates uuid[];
  referring text;
  archived integer;
begin
  if not pg_try_advisory_xact_lock(hashtextextended('metrics.archive', 0)) then
    return 0;
  end if;
  -- In the order of metrics.forget_messages, or a TRUNCATE would wait for the metrics while it keeps these.
  lock table metrics.messages in access share mode;
  lock table metrics.sessions in row exclusive mode;
  execute format(
    $sql$
    select array(
      select m.session_key
      from public.conversation_metrics as m
      where m.conversation_start < now() - (select min(r.archive_after) from metrics.archive_rules as r) and %s
      order by m.conversation_start
      limit $1
    )
    $sql$,
    due
  ) into candidates using max_sessions;
  select string_agg(c.conrelid::regclass::text, ', ' order by c.oid) into referring
  from pg_constraint as c
  where c.contype = 'f' and c.confrelid = 'public.conversation_metrics'::regclass and cardinality(candidates) > 0;
  if referring is not null then
    -- They would refuse each move, or, ON DELETE CASCADE, lose their rows by it.
    raise exception 'sessions cannot be archived while a foreign key refers to conversation_metrics: that of %', referring
      using errcode = 'dependent_objects_still_exist',
        hint = 'Drop it: the key of a session stays the same in the archive (metrics.session_metrics has both). Or take the rules away: npx conversation-metrics archive unset.';
  end if;
  candidates := array(
    select locked.session_key
    from (
      select s.session_key from metrics.sessions as s where s.session_key = any(candidates)
      order by s.session_key for update skip locked
    ) as locked
  );
  -- Under that lock the general way cannot come in between, and the shortest one has the row's own lock.
  execute format(
    $sql$
    with held as materialized (
      select m.session_key from public.conversation_metrics as m
      where m.session_key = any($1) and %1$s
      order by m.session_key for update skip locked
    ),
    moved as (
      delete from public.conversation_metrics as m using held where m.session_key = held.session_key returning m.*
    ),
    added as (
      insert into public.conversation_metrics_archive (%2$s) select %2$s from moved
    )
    update metrics.sessions as s set is_archived = true from moved where s.session_key = moved.session_key
    $sql$,
    due, columns
  ) using candidates;
  get diagnostics archived = row_count;
  return archived;
end; $function$;
comment on function metrics.archive_sessions(integer) is 'Moves up to max_sessions sessions that metrics.archive_rules calls old to conversation_metrics_archive, those that began first before the others, and returns how many. Sessions whose tokens are not all counted yet stay. Waits for no writer but a TRUNCATE.';

CREATE OR REPLACE FUNCTION metrics.attach(name text, messages regclass, leads regclass DEFAULT NULL::regclass, feedback regclass DEFAULT NULL::regclass, keys jsonb DEFAULT '{}'::jsonb, parents jsonb DEFAULT '{}'::jsonb, backfill boolean DEFAULT true)
 RETURNS void
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET standard_conforming_strings TO 'on'
 SET quote_all_identifiers TO 'off'
AS $function$
declare
  target constant text := case attach.name when 'default' then 'metrics' else 'metrics_' || attach.name end;
  is_known constant boolean := exists (select from metrics.attachments as a where a.name = attach.name);
  repeated text;
  readers constant name[] := metrics.current_readers();
  entries metrics.readers[];
begin
  if attach.name !~ '^[a-z][a-z0-9_]{0,30}$' then
    raise exception '% cannot be the name of a source', quote_nullable(attach.name)
      using errcode = 'invalid_name', hint = 'Up to 31 small letters, digits and underscores, a letter first: it is part of the names of a schema and of triggers.';
  end if;
  if attach.name = 'default' and is_known then
    -- Asked only here: without a source named default there is no such table.
    if exists (select from metrics.sources as s where not s.is_view) then
      raise exception 'the source named default has the tables conversations, leads and feedback'
        using errcode = 'duplicate_object', hint = 'Give this source another name.';
    end if;
  end if;
  if not is_known then
    if target = 'metrics' and to_regclass('public.conversation_metrics') is not null then
      raise exception 'the table public.conversation_metrics exists already, and is none of ours'
        using errcode = 'duplicate_table', hint = 'Give the source another name than default, or rename that table.';
    end if;
    if target <> 'metrics' and to_regnamespace(target) is not null then
      raise exception 'the schema % exists already, and is none of ours', target
        using errcode = 'duplicate_schema', hint = 'Give the source another name.';
    end if;
    insert into metrics.attachments (name, schema_name) values (attach.name, target);
    if target <> 'metrics' then
      execute format('create schema %I', target);
      execute format('comment on schema %I is %L', target,
        format('conversation-metrics: ledgers and metrics of the source %s.', attach.name));
    end if;
    perform metrics.install_engine(attach.name, target, true);
  end if;
  -- From here on by the source's own functions.
  begin
    execute format('select %I.map_views($1, $2, $3, $4, $5)', target) using messages, leads, feedback, keys, parents;
  exception when invalid_table_definition then
    if not is_known then
      raise;
    end if;
    -- Ids of other types than the ledgers have, which a first view of leads or feedback may bring as well.
    entries := array(select r from metrics.readers as r where r.source = attach.name);
    perform metrics.detach(name);
    perform metrics.attach(name, messages, leads, feedback, keys, parents, backfill);
    insert into metrics.readers select r.* from unnest(entries) as r;
    perform metrics.extend_readers(readers);
    return;
  end;
  if not is_known then
    execute format('select %I.create_metrics_tables()', target);
    perform metrics.install_engine(attach.name, target, false);
  end if;
  execute format('select %I.install()', target);
  if is_known then
    -- Who may read its metrics may do so still; functions that were made anew are nobody's.
    perform metrics.close_functions(array(select p.oid::regprocedure from pg_proc as p where p.pronamespace = to_regnamespace(target)));
  else
    perform metrics.close_privileges(target);
  end if;
  perform metrics.install_overview();
  perform metrics.extend_readers(readers);

  begin
    execute format('select %I.repeated_ids()', target) into repeated;
  exception when data_exception then
    null; -- A row that the view fails on, which is recorded by the backfill.
  end;
  if repeated is not null then
    raise exception 'ids name more than one row each: %', repeated
      using errcode = 'unique_violation',
        hint = 'An id names one row of its view. Take another column, or several by keys, unless a join multiplies the rows.';
  end if;
  if backfill then
    execute format('select %I.backfill()', target);
    execute format('select %I.retry_failed_rows()', target);
  end if;
end; $function$;
comment on function metrics.attach(text,regclass,regclass,regclass,jsonb,jsonb,boolean) is 'Makes an application''s own tables a source, from views that map their rows to canonical ones: from then on its metrics are kept by triggers, in metrics_<name>.conversation_metrics. keys: for a view whose id is no column of a table as it stands, {"messages": {"table": "chat.lines", "key": "source.room || '':'' || source.no"}}. parents: for a table that no foreign key leads to, {"crm.people": "select m.id from changed join …"}, or null for one that never changes. Again for the same name: takes changed views over, and heals.';

CREATE OR REPLACE FUNCTION metrics.backfill()
 RETURNS void
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
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
end; $function$;
comment on function metrics.backfill() is 'Counts all that the source tables hold, in one pass under SHARE ROW EXCLUSIVE: writers wait, readers do not. Running it again heals what differs.';

CREATE OR REPLACE FUNCTION metrics.backfill_batch(kind text, after_id text, batch_size integer, OUT last_id text, OUT rows_seen integer, OUT rows_changed integer)
 RETURNS record
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET lock_timeout TO '300ms'
AS $function$
declare
  id_column constant text := case kind
    when 'messages' then 'conversation_id' when 'leads' then 'lead_id' when 'feedback' then 'feedback_id' end;
begin
  if id_column is null then
    raise exception 'unknown kind of source: %', kind
      using errcode = 'invalid_parameter_value', hint = 'Use messages, leads or feedback.';
  end if;
  loop
    begin
      -- By the order of the id's own type; only rows that the ledger does not have right are touched.
      execute format(
        $sql$
        with batch as materialized (
          select s.%1$I as id
          from metrics.source_%2$s as s
          where $1 is null or s.%1$I > $1::%3$s
          order by s.%1$I
          limit $2
        ),
        differing as (
          select batch.id
          from batch
          join metrics.counted_%2$s as c on c.%1$I = batch.id
          left join metrics.%2$s as l on l.%1$I = batch.id
          where l.%1$I is null or l.session_key is distinct from c.session_key
        )
        select
          (select batch.id::text from batch order by batch.id desc limit 1),
          (select count(*) from batch),
          (select count(*) from differing),
          metrics.sync(%2$L, array(select id from differing))
        $sql$,
        id_column, kind, metrics.column_type(('metrics.source_' || kind)::regclass, id_column)
      )
      into last_id, rows_seen, rows_changed
      using after_id, batch_size;
      return;
    exception when lock_not_available or deadlock_detected then
      -- All its locks are given back with the subtransaction; the batch begins anew.
      perform pg_sleep(0.1 * random());
    end;
  end loop;
end; $function$;
comment on function metrics.backfill_batch(text,text,integer) is 'One step of the backfill that blocks no writer: counts up to batch_size source rows of a kind (messages, leads, feedback) with ids after after_id (NULL: from the start) that the ledger does not know. Returns the last id seen (NULL: done), and how many rows it saw and counted. Waits at most 300 ms for a lock, then gives all of its own back and begins anew, as often as it takes. Safe to stop, resume and repeat.';

CREATE OR REPLACE FUNCTION metrics.base_type(of_type regtype)
 RETURNS regtype
 LANGUAGE plpgsql
 STABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
declare
  type oid := of_type;
  base oid;
begin
  loop
    select t.typbasetype into base from pg_type as t where t.oid = type and t.typtype = 'd';
    exit when not found;
    type := base;
  end loop;
  return type;
end; $function$;
comment on function metrics.base_type(regtype) is 'The type that a domain is made of in the end; of any other type, itself.';

CREATE OR REPLACE FUNCTION metrics.bin_us(bin bigint)
 RETURNS double precision
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
 SELECT
         CASE
             WHEN (b.number = 0) THEN (0)::double precision
             ELSE power((1.02)::double precision, (((b.number)::numeric - 0.5))::double precision)
         END AS power
    FROM ( SELECT ((bin_us.bin >> 32) % (10000)::bigint) AS number) b;
END;
comment on function metrics.bin_us(bigint) is 'The microseconds that stand for a bin of metrics.time_bin: at most a hundredth, or a microsecond, from any time in it.';

CREATE OR REPLACE FUNCTION metrics.change_in_place(new_row metrics.counted_messages, prompt_changed boolean, completion_changed boolean)
 RETURNS boolean
 LANGUAGE plpgsql
AS $function$
declare
  changed_at constant timestamptz := clock_timestamp();
  old_row metrics.messages;
  counts_change boolean;
  started timestamptz;
begin
  -- Asked before the lock, since the general way takes another one first, and once more under it.
  select l.* into old_row from metrics.messages as l where l.conversation_id = new_row.conversation_id;
  if metrics.keeps_its_place(old_row, new_row) is not true then
    return false;
  end if;
  perform from public.conversation_metrics as m where m.session_key = new_row.session_key for no key update;
  if not found then
    return false;
  end if;
  select l.* into old_row from metrics.messages as l where l.conversation_id = new_row.conversation_id;
  if metrics.keeps_its_place(old_row, new_row) is not true
    -- Its exact count was taken back before the lock was there.
    or (prompt_changed and new_row.prompt_source = 'tiktoken' and old_row.prompt_source <> 'tiktoken')
    or (completion_changed and new_row.completion_source = 'tiktoken' and old_row.completion_source <> 'tiktoken')
  then
    return false;
  end if;
  if not prompt_changed then
    new_row.prompt_tokens := old_row.prompt_tokens;
    new_row.prompt_source := old_row.prompt_source;
  end if;
  if not completion_changed then
    new_row.completion_tokens := old_row.completion_tokens;
    new_row.completion_source := old_row.completion_source;
  end if;
  counts_change := (
    old_row.user_messages, old_row.ai_messages, old_row.prompt_tokens, old_row.completion_tokens,
    old_row.prompt_source, old_row.completion_source, old_row.response_us
  ) is distinct from (
    new_row.user_messages, new_row.ai_messages, new_row.prompt_tokens, new_row.completion_tokens,
    new_row.prompt_source, new_row.completion_source, new_row.response_us
  );

  update metrics.messages as l
  set
    ended_at = new_row.ended_at,
    user_messages = new_row.user_messages,
    ai_messages = new_row.ai_messages,
    prompt_tokens = new_row.prompt_tokens,
    completion_tokens = new_row.completion_tokens,
    prompt_source = new_row.prompt_source,
    completion_source = new_row.completion_source,
    counted_at = case
      when 'estimate' in (new_row.prompt_source, new_row.completion_source) then now() else l.counted_at
    end,
    response_us = new_row.response_us
  where l.conversation_id = new_row.conversation_id;

  update public.conversation_metrics as m
  set
    widget_id = case when m.conversation_id = new_row.conversation_id then new_row.widget_id else m.widget_id end,
    user_id = case when m.conversation_id = new_row.conversation_id then new_row.user_id else m.user_id end,
    user_messages = m.user_messages + new_row.user_messages - old_row.user_messages,
    ai_messages = m.ai_messages + new_row.ai_messages - old_row.ai_messages,
    prompt_tokens = m.prompt_tokens + new_row.prompt_tokens - old_row.prompt_tokens,
    completion_tokens = m.completion_tokens + new_row.completion_tokens - old_row.completion_tokens,
    estimated_messages = m.estimated_messages
      + metrics.estimated_messages(
        new_row.user_messages, new_row.prompt_source, new_row.ai_messages, new_row.completion_source)
      - metrics.estimated_messages(
        old_row.user_messages, old_row.prompt_source, old_row.ai_messages, old_row.completion_source),
    conversation_end = greatest(m.conversation_end, new_row.ended_at),
    response_count = m.response_count + num_nonnulls(new_row.response_us) - num_nonnulls(old_row.response_us),
    response_us_sum = m.response_us_sum + coalesce(new_row.response_us, 0) - coalesce(old_row.response_us, 0),
    open_rows = m.open_rows - case when metrics.is_open(old_row.user_messages, old_row.ai_messages) then 1 else 0 end,
    longest_lag = greatest(m.longest_lag, metrics.row_lag(new_row.created_at, new_row.ended_at)),
    updated_at = case
      when counts_change or m.conversation_end is distinct from greatest(m.conversation_end, new_row.ended_at)
        or (
          m.conversation_id = new_row.conversation_id
          and (m.widget_id, m.user_id) is distinct from (new_row.widget_id, new_row.user_id)
        )
      then changed_at
      else m.updated_at
    end
  where m.session_key = new_row.session_key
  returning m.conversation_start into started;
  if started < changed_at - metrics.rollup_delay() then
    perform metrics.mark_rollup(new_row.session_key);
  end if;
  return true;
end; $function$;
comment on function metrics.change_in_place(metrics.counted_messages,boolean,boolean) is 'Counts the change of one message row that kept its session, its time and its part in the order, by which of its sides changed; false, and nothing done, for any other change.';

CREATE OR REPLACE FUNCTION metrics.change_one_row_sql(source metrics.sources)
 RETURNS text
 LANGUAGE sql
 STABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
RETURN CASE WHEN (source).is_view THEN ''::text ELSE format('
    select
      case
        when before *= source then true
        else metrics.change_in_place(
          row(
            source.conversation_id, source.organization_id, source.session_id, source.widget_id, source.user_id, counted.*
          )::metrics.counted_messages,
          -- By the bytes: a collation may find different texts equal.
          (before.role collate "C", before.message collate "C", before.model collate "C", before.prompt_tokens)
            is distinct from
            (source.role collate "C", source.message collate "C", source.model collate "C", source.prompt_tokens),
          (before.role collate "C", before.message collate "C", before.response collate "C", before.model collate "C", before.completion_tokens)
            is distinct from
            (source.role collate "C", source.message collate "C", source.response collate "C", source.model collate "C", source.completion_tokens)
        )
      end
    into is_done
    from (%1$s) as before
    join (select %2$s as id from inserted as source) as after on after.id = before.conversation_id
    join metrics.source_messages as source on source.conversation_id = before.conversation_id
    cross join lateral metrics.count_message(
      source.organization_id::text, source.session_id::text, source.role, source.message, source.response,
      source.prompt_tokens, source.completion_tokens, source.created_at, source.responded_at
    ) as counted
    where not exists (select from deleted offset 1);
    if is_done then
      return null;
    end if;
  '::text, format((source).mapping, 'deleted'), (source).row_key) END;
comment on function metrics.change_one_row_sql(metrics.sources) is 'The text by which the trigger of an UPDATE counts the change of a single row in its place; where that is not all, it goes on.';

CREATE OR REPLACE FUNCTION metrics.changed_ids_sql(source metrics.sources)
 RETURNS text
 LANGUAGE sql
 STABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
RETURN metrics.guarded(source, (CASE WHEN (source).reads_back THEN (format('ids := array(select %1$s from deleted as source union select %1$s from inserted as source);'::text, (source).row_key) || format(' perform count(mapped::text) from metrics.source_%s as mapped where mapped.%I = any(ids);'::text, (source).kind, metrics.id_column((source).kind))) WHEN (EXISTS (SELECT FROM metrics.parents p WHERE (p.kind = (changed_ids_sql.source).kind))) THEN (SELECT format('
        ids := array(
          with old_rows as materialized (select %1$s as id, (select used from (select %2$s) as used) as used from deleted as source),
          new_rows as materialized (select %1$s as id, (select used from (select %2$s) as used) as used from inserted as source)
          select n.id from new_rows as n where not exists (select from old_rows as o where o.id = n.id and o.used *= n.used)
          union
          select o.id from old_rows as o where not exists (select from new_rows as n where n.id = o.id and n.used *= o.used)
        );
        perform count(mapped::text) from (%3$s) as mapped;
        '::text, (changed_ids_sql.source).row_key, (SELECT string_agg(format('source.%I'::text, name.name), ', '::text) AS string_agg FROM unnest(t.columns) name(name)), format((changed_ids_sql.source).mapping, 'inserted')) AS format FROM metrics.view_tables((('metrics.source_'::text || (changed_ids_sql.source).kind))::regclass) t(relation, columns) WHERE ((t.relation)::oid = ((changed_ids_sql.source).relation)::oid)) ELSE format('
      ids := array(
        select coalesce(after.%1$I, before.%1$I)
        from (%2$s) as before
        full join (%3$s) as after on after.%1$I = before.%1$I
        -- By image: two values of a type may be equal and differ (texts by their collation).
        where before.%1$I is null or after.%1$I is null or before *<> after
      );
      '::text, metrics.id_column((source).kind), format((source).mapping, 'deleted'), format((source).mapping, 'inserted')) END || CASE WHEN (source).is_view THEN format('
        -- They can be read now.
        if exists (select from metrics.failed_rows) then
          delete from metrics.failed_rows as f where f.kind = %L and f.row_id = any(ids::text[]);
        end if;
    '::text, (source).kind) ELSE ''::text END), 'select %1$s from deleted as source union select %1$s from inserted as source'::text);
comment on function metrics.changed_ids_sql(metrics.sources) is 'The text by which the trigger of an UPDATE finds the rows whose canonical form changed; leaves their ids in the variable ids.';

CREATE OR REPLACE FUNCTION metrics.check_column(of_table regclass, column_name text, kind text)
 RETURNS void
 LANGUAGE plpgsql
 STABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
declare
  attribute pg_attribute;
  type pg_type;
  name constant text := format('column %I', column_name);
begin
  select a.* into strict attribute
  from pg_attribute as a
  where a.attrelid = of_table and a.attname = column_name and a.attnum > 0 and not a.attisdropped;
  select t.* into strict type from pg_type as t where t.oid = metrics.base_type(attribute.atttypid);

  -- As text, since PostgreSQL has no such columns before 18.
  if attribute.attgenerated::text = 'v' then
    raise exception 'table % cannot be adopted: its % is generated, but not stored, and triggers cannot read it', of_table, name
      using errcode = 'feature_not_supported',
        hint = format('Make it a stored one: alter table %1$s drop column %2$I, add column %2$I %3$s generated always as (…) stored.',
          of_table, column_name, format_type(attribute.atttypid, attribute.atttypmod));
  end if;

  if kind in ('row', 'key') then
    if not (type.typtype = 'e' or type.oid in (
      'smallint'::regtype, 'integer'::regtype, 'bigint'::regtype, 'numeric'::regtype, 'text'::regtype,
      'varchar'::regtype, 'bpchar'::regtype, 'uuid'::regtype, 'bytea'::regtype
    )) then
      raise exception 'table % cannot be adopted: its % has type %, which is not taken for an id', of_table, name,
          format_type(attribute.atttypid, attribute.atttypmod)
        using errcode = 'datatype_mismatch',
          hint = format('An id is a smallint, integer, bigint, numeric, text, varchar, char, uuid, bytea, an enum or a domain over one of them: alter table %s alter column %I type text.',
            of_table, column_name);
    end if;
    if exists (select from pg_collation as c where c.oid = attribute.attcollation and not c.collisdeterministic) then
      raise exception 'table % cannot be adopted: its % has a collation by which different texts are equal', of_table, name
        using errcode = 'collation_mismatch',
          hint = format('Ids are told apart by their text. Give it another one: alter table %s alter column %I type %s collate "default".',
            of_table, column_name, format_type(attribute.atttypid, attribute.atttypmod));
    end if;
  elsif kind = 'value' and type.oid < 16384 then
    begin
      execute format('select from %1$s as source where source.%2$I is distinct from source.%2$I limit 0', of_table, column_name);
    exception when undefined_function then
      raise exception 'table % cannot be adopted: its % has type %, whose values cannot be compared', of_table, name,
          format_type(attribute.atttypid, attribute.atttypmod)
        using errcode = 'datatype_mismatch',
          hint = format('Change the column to text, or rename it so that it is not taken for %s.', column_name);
    end;
  elsif kind in ('time', 'tokens', 'rating') then
    if kind = 'time' and type.oid not in ('timestamptz'::regtype, 'timestamp'::regtype, 'date'::regtype)
      or kind <> 'time' and type.oid not in (
        'smallint'::regtype, 'integer'::regtype, 'bigint'::regtype, 'numeric'::regtype, 'real'::regtype,
        'double precision'::regtype
      )
    then
      raise exception 'table % cannot be adopted: its % has type %', of_table, name,
          format_type(attribute.atttypid, attribute.atttypmod)
        using errcode = 'datatype_mismatch',
          hint = format('Change the column to %s, or rename it so that it is not taken for %s.',
            case kind when 'time' then 'timestamptz' else 'a number' end, column_name);
    end if;
  end if;
end; $function$;
comment on function metrics.check_column(regclass,text,text) is 'Raises an error that names a column which cannot be read as this kind (see metrics.mapped_column), and what to do.';

CREATE OR REPLACE FUNCTION metrics.check_lookups(of_kind text, of_view regclass, parents jsonb)
 RETURNS void
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
declare
  id_column constant text := metrics.id_column(of_kind);
  source metrics.sources;
  parent metrics.parents;
  unfollowed text;
begin
  select * into strict source from metrics.sources as s where s.kind = of_kind;

  select string_agg(t.relation::text, ', ') into unfollowed
  from metrics.view_tables(of_view) as t
  where t.relation <> source.relation
    and not parents ? t.relation::text
    and not exists (select from metrics.parents as p where p.kind = of_kind and p.relation = t.relation);
  if unfollowed is not null then
    raise exception 'view % reads %, and no foreign key leads there from %', of_view, unfollowed, source.relation
      using errcode = 'invalid_parameter_value',
        hint = format('Say which rows hang on a changed one: parents => {"%s": "select source.… from changed join %s as source on …"}; or null in the place of the query for a table that never changes.',
          split_part(unfollowed, ',', 1), source.relation);
  end if;

  if metrics.scans_table(format(
    'select from (select case when random() < 2 then null::%1$s end as id offset 0) as wanted join metrics.source_%2$s as s on s.%3$I = wanted.id',
    metrics.column_type(('metrics.source_' || of_kind)::regclass, id_column), of_kind, id_column
  ), source.relation) then
    raise exception 'view %: no index of % serves a lookup by %', of_view, source.relation, id_column
      using errcode = 'invalid_table_definition',
        hint = format('Each write would read the whole table. Add one: create unique index on %s ((%s)).',
          source.relation, replace(source.row_key, 'source.', ''));
  end if;
  for parent in select * from metrics.parents as p where p.kind = of_kind loop
    if metrics.scans_table(
      format('with changed as (select * from %s limit 1) %s', parent.relation, parent.children), source.relation
    ) then
      raise exception 'view %: no index of % leads from a row of % to those that hang on it', of_view, source.relation, parent.relation
        using errcode = 'invalid_table_definition',
          hint = format('A change there would read the whole table. Create an index on the columns by which it is joined: %s', parent.children);
    end if;
  end loop;
end; $function$;
comment on function metrics.check_lookups(text,regclass,jsonb) is 'Raises an error where the mapping reads a table whose changes nobody would notice, or where a write would have to read a whole table.';

CREATE OR REPLACE FUNCTION metrics.check_reader(role name)
 RETURNS regrole
 LANGUAGE plpgsql
 STABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
declare
  candidate pg_roles;
  owner constant oid := (select c.relowner from pg_class as c where c.oid = 'metrics.readers'::regclass);
begin
  select r.* into candidate from pg_roles as r where r.rolname = check_reader.role;
  if candidate.rolname is null then
    raise exception 'there is no role named %', quote_ident(role)
      using errcode = 'undefined_object', hint = format('create role %I', role);
  elsif candidate.rolsuper or candidate.rolbypassrls or pg_has_role(candidate.oid, owner, 'member') then
    raise exception 'role % is not bound by row-level security: it %', quote_ident(role),
        case when candidate.rolsuper then 'is a superuser' when candidate.rolbypassrls then 'has BYPASSRLS'
          else format('is, or is a member of, the owner of the metrics, %I', owner::regrole) end
      using errcode = 'invalid_grant_operation', hint = 'Give another role to whoever is to read some organizations alone.';
  end if;
  return candidate.oid;
end; $function$;
comment on function metrics.check_reader(name) is 'The role, or an error where there is none, or where no policy binds it.';

CREATE OR REPLACE FUNCTION metrics.check_sessions(newest integer DEFAULT 1000, slice integer DEFAULT 1000)
 RETURNS metrics.checks
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
declare
  slice_after constant uuid := (select c.up_to from metrics.checks as c order by c.check_id desc limit 1);
  recent_ids constant metrics.token_batches.conversation_ids%type := array(
    select s.conversation_id from metrics.source_messages as s order by s.conversation_id desc limit newest
  );
  sliced constant uuid[] := array(
    select m.session_key from metrics.session_metrics as m
    where slice_after is null or m.session_key > slice_after
    order by m.session_key limit slice
  );
  keys constant uuid[] := array(select unnest(sliced) union select unnest(metrics.sessions_of_messages(recent_ids)));
  no_ids constant metrics.token_batches.conversation_ids%type := '{}';
  drifted uuid[];
  details jsonb;
  healed integer;
  result metrics.checks;
begin
  perform metrics.follow_parents();
  perform metrics.retry_failed_rows();
  select array_agg(d.session_key), coalesce(jsonb_agg(d.detail) filter (where d.number <= 20), '[]')
  into drifted, details
  from (
    select found.session_key, row_number() over () as number, jsonb_build_object(
      'organization_id', m.organization_id, 'session_id', m.session_id, 'columns', found.columns
    ) as detail
    from (
      select d.session_key, array_agg(d.column_name order by d.column_name) as columns
      from metrics.session_drift(keys, recent_ids) as d
      group by d.session_key
    ) as found
    left join metrics.session_metrics as m on m.session_key = found.session_key
  ) as d;

  perform metrics.sync('leads', array(
    select c.lead_id
    from (select s.lead_id from metrics.source_leads as s order by s.lead_id desc limit newest) as recent
    join metrics.counted_leads as c on c.lead_id = recent.lead_id
    left join metrics.leads as l on l.lead_id = c.lead_id
    where (l.session_key, l.created_at, l.name, l.email, l.company)
      is distinct from (c.session_key, c.created_at, c.name, c.email, c.company)
  ));
  perform metrics.sync('feedback', array(
    select c.feedback_id
    from (select s.feedback_id from metrics.source_feedback as s order by s.feedback_id desc limit newest) as recent
    join metrics.counted_feedback as c on c.feedback_id = recent.feedback_id
    left join metrics.feedback as f on f.feedback_id = c.feedback_id
    where (f.session_key, f.conversation_id, f.rating) is distinct from (c.session_key, c.conversation_id, c.rating)
  ));
  if drifted is not null then
    perform metrics.sync('messages', array(
      select l.conversation_id from unnest(drifted) as key join metrics.messages as l on l.session_key = key
      union
      select unnest(recent_ids)
    ));
    perform metrics.rebuild_sessions(drifted);
  end if;
  healed := coalesce(cardinality(drifted), 0)
    - (select count(distinct d.session_key) from metrics.session_drift(drifted, no_ids) as d);

  -- What could not be counted may have another text now, or be gone.
  delete from metrics.token_retries as r
  where r.retry_at = 'infinity'
    and not exists (
      select from metrics.source_messages as s
      where s.conversation_id = r.conversation_id
        and metrics.text_digest(s.model, s.message, s.response) = r.text_digest
    );
  -- What a row left behind that went before it was counted: nobody who could have seen it is left.
  delete from metrics.messages as l
  where l.session_key is null and not l.has_feedback and l.counted_at < now() - interval '1 day'
    and exists (select from metrics.sources as s where s.kind = 'messages' and s.is_view);
  delete from metrics.checks as c where c.checked_at < now() - interval '30 days';
  delete from metrics.workers as w where w.seen_at < now() - interval '7 days';

  insert into metrics.checks (sessions, drifted, healed, up_to, details)
  values (
    cardinality(keys), coalesce(cardinality(drifted), 0), healed,
    case when cardinality(sliced) = slice then sliced[slice] end, details
  )
  returning * into result;
  return result;
end; $function$;
comment on function metrics.check_sessions(integer,integer) is 'The worker''s own check: compares the sessions of the newest message rows and the next slice of all sessions with their source rows, heals what differs (also the newest leads and feedback), and records it in metrics.checks.';

CREATE OR REPLACE FUNCTION metrics.check_source(of_table regclass, required text[])
 RETURNS void
 LANGUAGE plpgsql
 STABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
declare
  missing text;
  relation pg_class;
  is_repeated boolean;
begin
  select * into relation from pg_class where oid = of_table;
  if relation.relkind not in ('r', 'p') or relation.relpersistence = 't' then
    raise exception 'table % cannot be adopted: it is not an ordinary or partitioned table', of_table
      using errcode = 'wrong_object_type',
        hint = 'Triggers need a table. Rename this object, so that a table of that name can be made or adopted.';
  end if;
  if relation.relpersistence = 'u' then
    raise exception 'table % cannot be adopted: it is unlogged', of_table
      using errcode = 'wrong_object_type',
        hint = format('A crash would empty it, but not the metrics. Make it permanent: alter table %s set logged.', of_table);
  end if;

  select string_agg(name, ', ') into missing
  from unnest(required) as name
  where not exists (
    select from unnest(string_to_array(name, ' or ')) as choice
    where metrics.column_type(of_table, choice) is not null
  );
  if missing is not null then
    raise exception 'table % cannot be adopted: it has no column %', of_table, missing
      using errcode = 'undefined_column',
        hint = format('Add the column (alter table %s add column …). If the table is for something else: migrate --attach-only leaves it alone.', of_table);
  end if;

  -- Partitioned tables cannot have a unique index without their partition key: leading is enough there.
  if not exists (
    select
    from pg_index as i
    join pg_attribute as a on a.attrelid = i.indrelid and a.attnum = i.indkey[0]
    where i.indrelid = of_table and a.attname = 'id' and i.indisunique and i.indisvalid
      and i.indpred is null and i.indexprs is null
      and (i.indnkeyatts = 1 or relation.relkind = 'p')
  ) then
    raise exception 'table % cannot be adopted: its column id has no primary key and no unique index', of_table
      using errcode = 'invalid_table_definition',
        hint = format('Add one: alter table %s add primary key (id).', of_table);
  end if;

  if not metrics.id_is_unique(of_table) then
    execute format('select exists (select from %s where id is not null group by id having count(*) > 1)', of_table)
      into is_repeated;
    if is_repeated then
      raise exception 'table % cannot be adopted: its column id repeats', of_table
        using errcode = 'unique_violation',
          hint = format('One id names one row, in all partitions and inheriting tables: select id, count(*) from %s group by id having count(*) > 1.', of_table);
    end if;
  end if;
end; $function$;
comment on function metrics.check_source(regclass,text[]) is 'Raises an error that names what a table lacks to be a source: a required column ("a or b" for a choice), a unique id, or being a permanent table at all.';

CREATE OR REPLACE FUNCTION metrics.check_view(of_view regclass, of_kind text)
 RETURNS void
 LANGUAGE plpgsql
 STABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
declare
  missing text;
  foreign_function record;
begin
  if (select c.relkind from pg_class as c where c.oid = of_view) <> 'v' then
    raise exception '% is not a view', of_view
      using errcode = 'wrong_object_type',
        hint = 'A mapping is a view over your tables with canonical column names: create view … as select id as conversation_id, … from …';
  end if;

  select string_agg(name, ', ') into missing
  from unnest(case of_kind
    when 'messages' then array['conversation_id', 'session_id', 'message or response']
    when 'leads' then array['lead_id', 'session_id']
    else array['feedback_id', 'rating', 'session_id or conversation_id']
  end) as name
  where not exists (
    select from unnest(string_to_array(name, ' or ')) as choice
    where metrics.column_type(of_view, choice) is not null
  );
  if missing is not null then
    raise exception 'view %, the mapping of %: it has no column %', of_view, of_kind, missing
      using errcode = 'undefined_column', hint = 'Name the expression so in the view: … as ' || split_part(missing, ',', 1) || '.';
  end if;

  -- The triggers run the view's text with our rights.
  select p.oid::regprocedure as signature, pg_get_userbyid(p.proowner) as owner into foreign_function
  from pg_rewrite as r
  join pg_depend as d on d.classid = 'pg_rewrite'::regclass and d.objid = r.oid and d.refclassid = 'pg_proc'::regclass
  join pg_proc as p on p.oid = d.refobjid
  join pg_roles as o on o.oid = p.proowner
  where r.ev_class = of_view and p.oid >= 16384 and not o.rolsuper and o.rolname <> current_user;
  if found then
    raise exception 'view % calls the function %, which belongs to %', of_view, foreign_function.signature, foreign_function.owner
      using errcode = 'insufficient_privilege',
        hint = format('Who owns it could run anything with the rights of %s. Make it yours: alter function %s owner to %1$s.',
          quote_ident(current_user), foreign_function.signature);
  end if;
end; $function$;
comment on function metrics.check_view(regclass,text) is 'Raises an error that names what a view lacks to be the mapping of a kind.';

CREATE OR REPLACE FUNCTION metrics.checked_filter(filter public.report_filter)
 RETURNS public.report_filter
 LANGUAGE plpgsql
 IMMUTABLE PARALLEL SAFE
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
begin
  filter.source := coalesce(filter.source, 'default');
  filter.no_organization := coalesce(filter.no_organization, false);
  filter.time_zone := metrics.known_zone(coalesce(filter.time_zone, 'UTC'));
  if not isfinite(filter.from_time) then
    filter.from_time := case when filter.from_time > 'epoch' then 'infinity'::timestamptz end;
  end if;
  if not isfinite(filter.to_time) then
    filter.to_time := case when filter.to_time < 'epoch' then '-infinity'::timestamptz end;
  end if;
  -- Far enough from the ends of what a date can be for the previous period and the year's last week.
  if (isfinite(filter.from_time) and filter.from_time not between '1900-01-01Z' and '2200-01-01Z')
    or (isfinite(filter.to_time) and filter.to_time not between '1900-01-01Z' and '2200-01-01Z')
  then
    raise exception 'from_time and to_time are from 1900 to 2200'
      using errcode = 'invalid_parameter_value', hint = 'Leave a bound out for none.';
  elsif filter.from_time > filter.to_time then
    raise exception 'from_time (%) is after to_time (%)', filter.from_time, filter.to_time
      using errcode = 'invalid_parameter_value', hint = 'to_time is the first moment that no longer counts.';
  elsif filter.min_tokens > filter.max_tokens then
    raise exception 'min_tokens (%) is above max_tokens (%)', filter.min_tokens, filter.max_tokens
      using errcode = 'invalid_parameter_value', hint = 'Both limits count themselves; leave one out for none.';
  elsif filter.min_tokens < 0 or filter.max_tokens < 0 then
    raise exception 'min_tokens and max_tokens cannot be negative'
      using errcode = 'invalid_parameter_value', hint = 'Leave a limit out for none.';
  elsif filter.min_satisfaction > filter.max_satisfaction then
    raise exception 'min_satisfaction (%) is above max_satisfaction (%)', filter.min_satisfaction, filter.max_satisfaction
      using errcode = 'invalid_parameter_value', hint = 'Both limits count themselves; leave one out for none.';
  elsif filter.min_satisfaction not between 1 and 5 or filter.max_satisfaction not between 1 and 5 then
    raise exception 'min_satisfaction and max_satisfaction are from 1 to 5'
      using errcode = 'invalid_parameter_value', hint = 'Leave a limit out for none.';
  elsif filter.weekday not between 1 and 7 or filter.hour not between 0 and 23 then
    raise exception 'weekday is from 1 to 7, and hour from 0 to 23'
      using errcode = 'invalid_parameter_value', hint = '1 is Monday; the hour is that of the clocks of time_zone.';
  elsif filter.no_organization and filter.organization is not null then
    raise exception 'organization and no_organization exclude each other'
      using errcode = 'invalid_parameter_value',
        hint = 'no_organization is for the conversations whose organization is NULL.';
  end if;
  return filter;
end; $function$;
comment on function metrics.checked_filter(public.report_filter) is 'The filter with its defaults; an error with a HINT where it makes no sense.';

CREATE OR REPLACE FUNCTION metrics.checked_prices(prices text, what_if jsonb, currency text)
 RETURNS void
 LANGUAGE plpgsql
 IMMUTABLE PARALLEL SAFE
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
begin
  if prices is null or prices not in ('charged', 'today') then
    raise exception 'prices cannot be "%"', prices
      using errcode = 'invalid_parameter_value',
        hint = 'charged: the price at the time of each message; today: the present one.';
  elsif currency is null or currency !~ '^[A-Z]{3}$' then
    raise exception '"%" is no currency', currency
      using errcode = 'invalid_parameter_value', hint = 'Use the code of metrics.model_prices, for example USD.';
  elsif what_if is not null and (
    jsonb_typeof(what_if) <> 'object'
    or jsonb_path_exists(what_if, '$.* ? (!(@.prompt.type() == "number" && @.completion.type() == "number"
      && @.prompt >= 0 && @.completion >= 0))')
  ) then
    raise exception 'what_if is not a list of prices: %', left(what_if::text, 200)
      using errcode = 'invalid_parameter_value',
        hint = 'Prices of 1,000,000 tokens by model, a name ending in * stands for a family: {"gpt-4o": {"prompt": 2.5, "completion": 10}, "*": {"prompt": 1, "completion": 2}}';
  end if;
end; $function$;
comment on function metrics.checked_prices(text,jsonb,text) is 'An error with a HINT where a report''s arguments about prices make no sense.';

CREATE OR REPLACE FUNCTION metrics.children_query(of_table regclass, row_key text, of_parent regclass)
 RETURNS text
 LANGUAGE plpgsql
 STABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
declare
  children text;
begin
  with keys as (
    select
      c.conrelid, c.confrelid,
      string_agg(format('%%1$s.%I = %%2$s.%I', child.attname, parent.attname), ' and ' order by k.n) as condition
    from pg_constraint as c
    cross join lateral unnest(c.conkey, c.confkey) with ordinality as k (child, parent, n)
    join pg_attribute as child on child.attrelid = c.conrelid and child.attnum = k.child
    join pg_attribute as parent on parent.attrelid = c.confrelid and parent.attnum = k.parent
    where c.contype = 'f'
    group by c.oid, c.conrelid, c.confrelid
  ),
  paths as (
    select 1 as steps, format('join %s as source on %s', of_table, format(k.condition, 'source', 'changed')) as joins
    from keys as k
    where k.conrelid = of_table and k.confrelid = of_parent
    union all
    select 2, format(
      'join %s as middle on %s join %s as source on %s',
      upper_key.conrelid::regclass, format(upper_key.condition, 'middle', 'changed'),
      of_table, format(lower_key.condition, 'source', 'middle')
    )
    from keys as upper_key
    join keys as lower_key on lower_key.confrelid = upper_key.conrelid
    where upper_key.confrelid = of_parent and lower_key.conrelid = of_table
  )
  select case when count(*) > 0 then
    format('select %s from changed %s', row_key, string_agg(joins, format(' union select %s from changed ', row_key)))
  end
  into children
  from paths
  where steps = (select min(steps) from paths);
  return children;
end; $function$;
comment on function metrics.children_query(regclass,text,regclass) is 'The query of the ids of a table''s rows that hang on the rows of a parent named changed, by foreign keys; NULL where none lead there.';

CREATE OR REPLACE FUNCTION metrics.close_functions(functions regprocedure[])
 RETURNS void
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
declare
  object record;
begin
  for object in
    select distinct p.oid::regprocedure as signature,
      case when acl.grantee = 0 then 'public' else quote_ident(pg_get_userbyid(acl.grantee)) end as grantee
    from pg_proc as p
    cross join lateral aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) as acl
    where p.oid = any(functions::oid[]) and acl.grantee <> p.proowner
  loop
    execute format('revoke all on function %s from %s', object.signature, object.grantee);
  end loop;
end; $function$;
comment on function metrics.close_functions(regprocedure[]) is 'Takes from everyone but their owner all rights on these functions.';

CREATE OR REPLACE FUNCTION metrics.close_privileges(of_schema text)
 RETURNS void
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
begin
  perform metrics.close_tables(array(
    select c.oid::regclass
    from pg_class as c
    join pg_namespace as n on n.oid = c.relnamespace
    where c.relkind in ('r', 'v', 'S', 'm', 'p')
      and (
        n.nspname = of_schema
        or (
          of_schema = 'metrics' and n.nspname = 'public'
          and c.relname in (
            'conversation_metrics', 'conversation_metrics_archive', 'conversation_metrics_drift', 'all_conversation_metrics'
          )
        )
      )
  ));
  perform metrics.close_functions(array(
    select p.oid::regprocedure
    from pg_proc as p
    join pg_namespace as n on n.oid = p.pronamespace
    where n.nspname = of_schema
      or (of_schema = 'metrics' and n.nspname = 'public' and p.proname = 'sync_conversation_metrics')
  ));
  execute format('revoke all on schema %I from public', of_schema);
end; $function$;
comment on function metrics.close_privileges(text) is 'Takes from everyone but the owner all rights on a source''s tables, views and functions. Grant select on conversation_metrics to those who may read it afterwards.';

CREATE OR REPLACE FUNCTION metrics.close_report_privileges()
 RETURNS void
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
begin
  perform metrics.close_functions(array(select r.oid::regprocedure from metrics.report_functions() as r));
  perform metrics.close_tables(array['metrics.model_prices'::regclass]);
end; $function$;
comment on function metrics.close_report_privileges() is 'Takes from everyone but the owner all rights on the reports and the prices; metrics.grant_reports gives them.';

CREATE OR REPLACE FUNCTION metrics.close_tables(tables regclass[])
 RETURNS void
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
declare
  object record;
begin
  for object in
    select distinct case when c.relkind = 'S' then 'sequence' else 'table' end as kind, c.oid::regclass as name,
      case when acl.grantee = 0 then 'public' else quote_ident(pg_get_userbyid(acl.grantee)) end as grantee
    from pg_class as c
    cross join lateral aclexplode(c.relacl) as acl
    where c.oid = any(tables::oid[]) and acl.grantee <> c.relowner
  loop
    execute format('revoke all on %s %s from %s', object.kind, object.name, object.grantee);
  end loop;
end; $function$;
comment on function metrics.close_tables(regclass[]) is 'Takes from everyone but their owner all rights on these tables, views and sequences.';

CREATE OR REPLACE FUNCTION metrics.column_definition(of_table regclass, column_name text)
 RETURNS text
 LANGUAGE sql
 STABLE
BEGIN ATOMIC
 SELECT (format_type(a.atttypid, '-1'::integer) ||
         CASE
             WHEN (c.oid IS NULL) THEN ''::text
             ELSE format(' collate %I.%I'::text, n.nspname, c.collname)
         END)
    FROM (((pg_attribute a
      JOIN pg_type t ON ((t.oid = a.atttypid)))
      LEFT JOIN pg_collation c ON (((c.oid = a.attcollation) AND (a.attcollation <> t.typcollation))))
      LEFT JOIN pg_namespace n ON ((n.oid = c.collnamespace)))
   WHERE ((a.attrelid = (column_definition.of_table)::oid) AND (a.attname = column_definition.column_name) AND (a.attnum > 0) AND (NOT a.attisdropped));
END;
comment on function metrics.column_definition(regclass,text) is 'Type of a table''s column without its length, and its collation where that is not the type''s own: for a column of ours that must sort and compare as that one does.';

CREATE OR REPLACE FUNCTION metrics.column_type(of_table regclass, column_name text)
 RETURNS text
 LANGUAGE sql
 STABLE
BEGIN ATOMIC
 SELECT format_type(a.atttypid, a.atttypmod) AS format_type
    FROM pg_attribute a
   WHERE ((a.attrelid = (column_type.of_table)::oid) AND (a.attname = column_type.column_name) AND (a.attnum > 0) AND (NOT a.attisdropped));
END;
comment on function metrics.column_type(regclass,text) is 'Type of a table''s column as SQL text; NULL where the table has no such column.';

CREATE OR REPLACE FUNCTION metrics.confine(organization text)
 RETURNS boolean
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
declare
  reader constant name := metrics.api_reader();
begin
  if reader is null then
    return false;
  end if;
  perform
    set_config('role', reader, true),
    set_config('conversation_metrics.organization', coalesce(organization, ''), true),
    set_config('conversation_metrics.no_organization', (organization is null)::text, true);
  return true;
end; $function$;
comment on function metrics.confine(text) is 'Until the end of the transaction it reads this organization alone (NULL: the rows without one), by the role metrics.api_reader(). False, and nothing changes, where there is none.';

CREATE OR REPLACE FUNCTION metrics.count_inserted_row_sql(source metrics.sources)
 RETURNS text
 LANGUAGE plpgsql
 STABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
declare
  ledger constant text := 'conversation_id, session_key, created_at, ended_at, user_messages, ai_messages, '
    'prompt_tokens, completion_tokens, prompt_source, completion_source, response_us';
  row_query constant text := format(
    $sql$
      select
        source.conversation_id, counted.session_key, counted.created_at, counted.ended_at,
        counted.user_messages, counted.ai_messages, counted.prompt_tokens, counted.completion_tokens,
        counted.prompt_source, counted.completion_source, counted.response_us %%s
      from (select where not exists (select from inserted offset 1)) as single
      cross join %s$sql$,
    replace(metrics.counting_sql(format(source.mapping, 'inserted'), ''), '%', '%%')
  );
  counted_columns constant text := regexp_replace(ledger, '\m', 'counted_row.', 'g');
  row_added constant text := $sql$
      on conflict (conversation_id) do nothing
      returning
        conversation_id, session_key, created_at, ended_at, user_messages, ai_messages, prompt_tokens, completion_tokens,
        metrics.estimated_messages(user_messages, prompt_source, ai_messages, completion_source), response_us,
        metrics.is_open(user_messages, ai_messages)::integer, metrics.row_lag(created_at, ended_at)
      into
        added_id, added_session_key, added_created_at, added_ended_at, added_user_messages, added_ai_messages,
        added_prompt_tokens, added_completion_tokens, added_estimated_messages, added_response_us,
        added_open_rows, added_lag;
  $sql$;
begin
  if not source.is_view then
    return format('insert into metrics.messages (%s) %s', ledger, format(row_query, '')) || row_added;
  end if;
  -- Read apart from the write, which then needs no subtransaction: see metrics.guarded.
  return format(
    $sql$
      declare
        counted_row metrics.messages;
      begin
        %s
        if counted_row.conversation_id is not null then
          insert into metrics.messages (%s) values (%s) %s
        end if;
      end;
    $sql$,
    metrics.guarded(
      source, format(row_query, format('into %s', counted_columns)) || ';', 'select %s from inserted as source'
    ),
    ledger, counted_columns, row_added
  );
end; $function$;
comment on function metrics.count_inserted_row_sql(metrics.sources) is 'The text by which the trigger of an INSERT puts a single row into the ledger; leaves it in the variables added_id, added_session_key and so on.';

CREATE OR REPLACE FUNCTION metrics.count_message(organization_id text, session_id text, role text, message text, response text, reported_prompt_tokens integer, reported_completion_tokens integer, created_at timestamp with time zone, responded_at timestamp with time zone)
 RETURNS TABLE(session_key uuid, created_at timestamp with time zone, ended_at timestamp with time zone, user_messages smallint, ai_messages smallint, prompt_tokens integer, completion_tokens integer, prompt_source metrics.token_source, completion_source metrics.token_source, response_us bigint)
 LANGUAGE sql
 STABLE PARALLEL SAFE
BEGIN ATOMIC
 SELECT counted.session_key,
     counted.created_at,
     counted.ended_at,
     counted.user_messages,
     counted.ai_messages,
     counted.prompt_tokens,
     counted.completion_tokens,
     counted.prompt_source,
     counted.completion_source,
     counted.response_us
    FROM (( SELECT part_1.sent_at,
             part_1.answered_at,
             part_1.user_length,
             part_1.assistant_length,
             part_1.response_length
            FROM metrics.message_parts(count_message.role, count_message.message, count_message.response, count_message.created_at, count_message.responded_at) part_1(sent_at, answered_at, user_length, assistant_length, response_length)
          OFFSET 0) part
      CROSS JOIN LATERAL metrics.count_parts(count_message.organization_id, count_message.session_id, count_message.reported_prompt_tokens, count_message.reported_completion_tokens, part.sent_at, part.answered_at, part.user_length, part.assistant_length, part.response_length) counted(session_key, created_at, ended_at, user_messages, ai_messages, prompt_tokens, completion_tokens, prompt_source, completion_source, response_us));
END;
comment on function metrics.count_message(text,text,text,text,text,integer,integer,timestamp with time zone,timestamp with time zone) is 'What one canonical row counts for: metrics.message_parts and metrics.count_parts beside each other.';

CREATE OR REPLACE FUNCTION metrics.count_new_messages_sql(source_query text)
 RETURNS text
 LANGUAGE sql
 IMMUTABLE
BEGIN ATOMIC
 SELECT format('
    with counted as materialized (
      select source.conversation_id, source.organization_id, source.session_id, source.widget_id, source.user_id,
        counted.*
      from %s
    ),
    added as (
      insert into metrics.messages (
        conversation_id, session_key, created_at, ended_at, user_messages, ai_messages,
        prompt_tokens, completion_tokens, prompt_source, completion_source, response_us
      )
      select
        conversation_id, session_key, created_at, ended_at, user_messages, ai_messages,
        prompt_tokens, completion_tokens, prompt_source, completion_source, response_us
      from counted
      -- No more than is asked of it: this is written to disk where there are many.
      returning
        session_key, created_at, ended_at, user_messages, ai_messages, prompt_tokens, completion_tokens,
        metrics.estimated_messages(user_messages, prompt_source, ai_messages, completion_source) as estimated_messages,
        response_us
    ),
    summed as materialized (
      select
        session_key,
        count(*)::integer as message_rows,
        sum(user_messages)::integer as user_messages,
        sum(ai_messages)::integer as ai_messages,
        sum(prompt_tokens) as prompt_tokens,
        sum(completion_tokens) as completion_tokens,
        sum(estimated_messages)::integer as estimated_messages,
        count(*) filter (where metrics.is_open(user_messages, ai_messages))::integer as open_rows,
        count(response_us)::integer as response_count,
        coalesce(sum(response_us), 0) as response_us_sum,
        max(metrics.row_lag(created_at, ended_at)) as longest_lag,
        min(created_at) as first_created_at,
        max(created_at) as last_created_at,
        max(ended_at) as conversation_end
      from added
      group by session_key
    ),
    first as (
      select distinct on (summed.session_key) summed.*,
        counted.conversation_id, counted.session_id, counted.organization_id, counted.widget_id, counted.user_id
      from summed
      join counted
        on counted.session_key = summed.session_key and counted.created_at = summed.first_created_at
      order by summed.session_key, counted.conversation_id
    ),
    -- As metrics.enter_sessions: before any metrics row is locked or made.
    opened as (
      insert into metrics.sessions as s (session_key)
      select summed.session_key
      from summed
      left join public.conversation_metrics as m on m.session_key = summed.session_key
      where metrics.is_own(m.xmin) is not true
      order by summed.session_key
      on conflict (session_key) do update set is_known = true
      returning s.session_key, s.is_known, s.is_archived
    ),
    applied as (
      insert into public.conversation_metrics as m (
        session_key, conversation_id, session_id, organization_id, widget_id, user_id,
        user_messages, ai_messages, prompt_tokens, completion_tokens, estimated_messages,
        conversation_start, conversation_end, response_count, response_us_sum,
        message_rows, open_rows, longest_lag, created_at, updated_at
      )
      select
        session_key, conversation_id, session_id, organization_id, widget_id, user_id,
        user_messages, ai_messages, prompt_tokens, completion_tokens, estimated_messages,
        nullif(first_created_at, ''infinity''), conversation_end, response_count, response_us_sum,
        message_rows, open_rows, longest_lag, $1, $1
      from first
      where (select count(*) from opened) >= 0 -- Always; but then they are locked first.
        -- They come back first.
        and session_key not in (select session_key from opened where is_archived)
      order by session_key
      on conflict (session_key) do update set
        user_messages = m.user_messages + excluded.user_messages,
        ai_messages = m.ai_messages + excluded.ai_messages,
        prompt_tokens = m.prompt_tokens + excluded.prompt_tokens,
        completion_tokens = m.completion_tokens + excluded.completion_tokens,
        estimated_messages = m.estimated_messages + excluded.estimated_messages,
        conversation_end = greatest(m.conversation_end, excluded.conversation_end),
        response_count = m.response_count + excluded.response_count,
        response_us_sum = m.response_us_sum + excluded.response_us_sum,
        message_rows = m.message_rows + excluded.message_rows,
        open_rows = m.open_rows + excluded.open_rows,
        longest_lag = greatest(m.longest_lag, excluded.longest_lag),
        updated_at = excluded.updated_at
      -- A row before the first of its session changes where that begins: not here, since the row''s old
      -- start is not known. The lock is taken all the same.
      where (coalesce(m.conversation_start, ''infinity''), m.conversation_id)
        < (coalesce(excluded.conversation_start, ''infinity''), excluded.conversation_id)
      returning m.session_key, m.open_rows, m.conversation_start, m.organization_id
    ),
    -- As metrics.mark_rollups.
    marked as (
      insert into metrics.rollup_changes (starts_at, organization_id)
      select distinct metrics.quarter_hour(conversation_start), organization_id::text
      from applied
      where conversation_start < clock_timestamp() - metrics.rollup_delay()
    )
    select
      (select array_agg(session_key) from opened where is_known),
      array_agg(metrics.stretch(summed.session_key, summed.first_created_at, summed.last_created_at))
        filter (where applied.open_rows > 0),
      array_agg(row(
        summed.session_key, summed.message_rows, summed.user_messages, summed.ai_messages, summed.prompt_tokens,
        summed.completion_tokens, summed.estimated_messages, summed.open_rows, summed.response_count,
        summed.response_us_sum, summed.longest_lag, null, summed.conversation_end, summed.first_created_at,
        summed.last_created_at
      )::metrics.session_delta) filter (where applied.session_key is null)
    from summed
    left join applied on applied.session_key = summed.session_key
    '::text, metrics.counting_sql(source_query, 'source.widget_id, source.user_id,'::text)) AS format;
END;
comment on function metrics.count_new_messages_sql(text) is 'The statement that counts new rows, given as a query of canonical rows, into ledger and metrics. $1 is the time of the change. It fails with unique_violation where the ledger knows one of them already, or a metrics row names one as its first: ON CONFLICT would look for each row twice. It returns the sessions that may have leads or feedback, the stretches in which open questions may have found an answer, and what metrics.add_earlier_rows has yet to add.';

CREATE OR REPLACE FUNCTION metrics.count_parts(organization_id text, session_id text, reported_prompt_tokens integer, reported_completion_tokens integer, sent_at timestamp with time zone, answered_at timestamp with time zone, user_length integer, assistant_length integer, response_length integer)
 RETURNS TABLE(session_key uuid, created_at timestamp with time zone, ended_at timestamp with time zone, user_messages smallint, ai_messages smallint, prompt_tokens integer, completion_tokens integer, prompt_source metrics.token_source, completion_source metrics.token_source, response_us bigint)
 LANGUAGE sql
 STABLE PARALLEL SAFE
BEGIN ATOMIC
 SELECT metrics.session_key(organization_id, session_id) AS session_key,
     COALESCE(sent_at, 'infinity'::timestamp with time zone) AS "coalesce",
     GREATEST(sent_at, answered_at) AS "greatest",
     (num_nonnulls(user_length))::smallint AS num_nonnulls,
     (num_nonnulls(assistant_length, response_length))::smallint AS num_nonnulls,
         CASE
             WHEN (user_length IS NULL) THEN 0
             ELSE COALESCE(reported_prompt_tokens, ((user_length + 3) / 4))
         END AS "coalesce",
         CASE
             WHEN (COALESCE(assistant_length, response_length) IS NULL) THEN 0
             ELSE COALESCE(reported_completion_tokens, (COALESCE(((assistant_length + 3) / 4), 0) + COALESCE(((response_length + 3) / 4), 0)))
         END AS "coalesce",
         CASE
             WHEN (user_length IS NULL) THEN NULL::metrics.token_source
             WHEN (reported_prompt_tokens IS NULL) THEN 'estimate'::metrics.token_source
             ELSE 'provider'::metrics.token_source
         END AS "case",
         CASE
             WHEN (COALESCE(assistant_length, response_length) IS NULL) THEN NULL::metrics.token_source
             WHEN (reported_completion_tokens IS NULL) THEN 'estimate'::metrics.token_source
             ELSE 'provider'::metrics.token_source
         END AS "case",
         CASE
             WHEN (user_length IS NOT NULL) THEN metrics.response_us(sent_at, answered_at)
             ELSE NULL::bigint
         END AS "case";
END;
comment on function metrics.count_parts(text,text,integer,integer,timestamp with time zone,timestamp with time zone,integer,integer,integer) is 'What one message row counts for, by what metrics.message_parts says of it: its session, times, messages and tokens, and the response time that the row itself tells (microseconds). A token count that no provider reported is the estimate ceil(characters / 4). An unknown time (metrics.known_time) stands last in order, and is no start or end of anything.';

CREATE OR REPLACE FUNCTION metrics.counting_sql(source_query text, other_columns text)
 RETURNS text
 LANGUAGE sql
 IMMUTABLE
BEGIN ATOMIC
 SELECT format('
      (
        select
          source.conversation_id, source.organization_id, source.session_id, %2$s
          source.prompt_tokens, source.completion_tokens, part.*
        from (%1$s) as source
        cross join lateral metrics.message_parts(
          source.role, source.message, source.response, source.created_at, source.responded_at
        ) as part
        offset 0
      ) as source
      cross join lateral metrics.count_parts(
        source.organization_id::text, source.session_id::text, source.prompt_tokens, source.completion_tokens,
        source.sent_at, source.answered_at, source.user_length, source.assistant_length, source.response_length
      ) as counted
    '::text, source_query, other_columns) AS format;
END;
comment on function metrics.counting_sql(text,text) is 'The FROM items that count the canonical rows of a query: the rows as source (conversation_id, organization_id, session_id and the other columns named, each with source. before and a comma behind it), what each counts for as counted.';

CREATE OR REPLACE FUNCTION metrics.create_metrics_tables()
 RETURNS void
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
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
end; $function$;
comment on function metrics.create_metrics_tables() is 'Creates the ledgers, the session locks and conversation_metrics with the id types of the source tables.';

CREATE OR REPLACE FUNCTION metrics.create_source_tables()
 RETURNS void
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
declare
  is_ours constant boolean := to_regclass('public.conversations') is null;
begin
  if is_ours then
    create table public.conversations (
      id bigint generated by default as identity constraint conversations_pkey primary key,
      organization_id bigint,
      session_id text not null,
      widget_id bigint,
      user_id bigint,
      role text,
      message text,
      response text,
      model text,
      prompt_tokens integer,
      completion_tokens integer,
      created_at timestamptz not null default now(),
      responded_at timestamptz
    );
    create index conversations_session_id_idx on public.conversations (session_id, organization_id, created_at);
    comment on table public.conversations is
      'The application''s messages: a row is an exchange (message and response) or a single message with a role.';
  end if;

  if to_regclass('public.leads') is null then
    execute format(
      $table$
      create table public.leads (
        id bigint generated by default as identity constraint leads_pkey primary key,
        organization_id %1$s,
        session_id %2$s,
        widget_id %3$s,
        user_id %4$s,
        name text,
        email text,
        phone text,
        company text,
        custom_fields jsonb not null default '{}',
        created_at timestamptz not null default now()
      )
      $table$,
      coalesce(metrics.column_definition('public.conversations', 'organization_id'), 'bigint'),
      coalesce(metrics.column_definition('public.conversations', 'session_id'), 'text'),
      coalesce(metrics.column_definition('public.conversations', 'widget_id'), 'bigint'),
      coalesce(metrics.column_definition('public.conversations', 'user_id'), 'bigint')
    );
    comment on table public.leads is 'The application''s leads: who left contact details in a session.';
  end if;

  if to_regclass('public.feedback') is null then
    execute format(
      $table$
      create table public.feedback (
        id bigint generated by default as identity constraint feedback_pkey primary key,
        conversation_id %1$s,
        session_id %2$s,
        organization_id %3$s,
        message_index integer,
        rating smallint constraint feedback_rating_range check (rating between 1 and 5),
        feedback_text text,
        created_at timestamptz not null default now(),
        updated_at timestamptz not null default now()
      )
      $table$,
      coalesce(metrics.column_definition('public.conversations', 'id'), 'bigint'),
      coalesce(metrics.column_definition('public.conversations', 'session_id'), 'text'),
      coalesce(metrics.column_definition('public.conversations', 'organization_id'), 'bigint')
    );
    -- On a table that was there before it would make the application's TRUNCATE fail.
    if is_ours then
      alter table public.feedback add constraint feedback_conversation_id_fkey
        foreign key (conversation_id) references public.conversations (id) on delete cascade;
    end if;
    create index feedback_conversation_id_idx on public.feedback (conversation_id);
    comment on table public.feedback is
      'The application''s ratings, 1 to 5, of a session or of one conversation row.';
  end if;
end; $function$;
comment on function metrics.create_source_tables() is 'Creates conversations, leads and feedback where they do not exist.';

CREATE OR REPLACE FUNCTION metrics.current_readers()
 RETURNS name[]
 LANGUAGE sql
 STABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
BEGIN ATOMIC
 SELECT ARRAY( SELECT DISTINCT p.rolname
            FROM (metrics.readers r
              JOIN pg_roles p ON ((p.oid = (r.role)::oid)))
           WHERE ((r.reads <> 'rows'::text) AND has_table_privilege(p.oid, 'public.all_conversation_metrics'::text, 'select'::text))) AS "array";
END;
comment on function metrics.current_readers() is 'The roles that have the rights of readers.';

CREATE OR REPLACE FUNCTION metrics.day_start(day date, zone text)
 RETURNS timestamp with time zone
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
 SELECT ((midnight.utc - GREATEST((((((midnight.utc - '00:00:00.000001'::interval) AT TIME ZONE 'UTC'::text) AT TIME ZONE day_start.zone) + '00:00:00.000001'::interval) - ((midnight.utc AT TIME ZONE 'UTC'::text) AT TIME ZONE day_start.zone)), '00:00:00'::interval)) AT TIME ZONE 'UTC'::text) AS timezone
    FROM ( SELECT (((day_start.day)::timestamp without time zone AT TIME ZONE day_start.zone) AT TIME ZONE 'UTC'::text) AS timezone) midnight(utc);
END;
comment on function metrics.day_start(date,text) is 'The first moment of a day in a time zone. That of a day which a zone left out is that of the next one.';

CREATE OR REPLACE FUNCTION metrics.default_mapping(of_table regclass, kind text, id_name text DEFAULT 'id'::text)
 RETURNS text
 LANGUAGE plpgsql
 STABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
declare
  columns text[];
begin
  case kind
    when 'messages' then
      columns := array[
        metrics.mapped_column(of_table, id_name, 'row', 'conversation_id'),
        metrics.mapped_column(of_table, 'organization_id', 'key'),
        metrics.mapped_column(of_table, 'session_id', 'key'),
        metrics.mapped_column(of_table, 'widget_id', 'value'),
        metrics.mapped_column(of_table, 'user_id', 'value'),
        metrics.mapped_column(of_table, 'role', 'text'),
        metrics.mapped_column(of_table, 'message', 'text'),
        metrics.mapped_column(of_table, 'response', 'text'),
        metrics.mapped_column(of_table, 'model', 'text'),
        metrics.mapped_column(of_table, 'prompt_tokens', 'tokens'),
        metrics.mapped_column(of_table, 'completion_tokens', 'tokens'),
        metrics.mapped_column(of_table, 'created_at', 'time'),
        metrics.mapped_column(of_table, 'responded_at', 'time')
      ];
    when 'leads' then
      columns := array[
        metrics.mapped_column(of_table, id_name, 'row', 'lead_id'),
        metrics.mapped_column(of_table, 'organization_id', 'key'),
        metrics.mapped_column(of_table, 'session_id', 'key'),
        metrics.mapped_column(of_table, 'name', 'text'),
        metrics.mapped_column(of_table, 'email', 'text'),
        metrics.mapped_column(of_table, 'company', 'text'),
        metrics.mapped_column(of_table, 'created_at', 'time')
      ];
    when 'feedback' then
      columns := array[
        metrics.mapped_column(of_table, id_name, 'row', 'feedback_id'),
        metrics.mapped_reference(of_table, 'conversation_id'),
        metrics.mapped_column(of_table, 'organization_id', 'key'),
        metrics.mapped_column(of_table, 'session_id', 'key'),
        metrics.mapped_column(of_table, 'rating', 'rating')
      ];
  end case;
  -- A row without an id cannot be told from others: it is left out rather than failing the write.
  return 'select ' || replace(array_to_string(columns, ', '), '%', '%%') || ' from %s as source where ' || format('source.%I is not null', id_name)
    || case when kind <> 'feedback' then ' and source.session_id is not null' else '' end;
end; $function$;
comment on function metrics.default_mapping(regclass,text,text) is 'The mapping of a table with the default column names to canonical rows, as a query with %s in the place of the table. id_name: what its id is called.';

CREATE OR REPLACE FUNCTION metrics.deleted_ids_sql(source metrics.sources)
 RETURNS text
 LANGUAGE sql
 STABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
RETURN CASE WHEN (source).is_view THEN format('select %s from deleted as source'::text, (source).row_key) ELSE format('select source.%I from (%s) as source'::text, metrics.id_column((source).kind), format((source).mapping, 'deleted')) END;
comment on function metrics.deleted_ids_sql(metrics.sources) is 'The query by which the trigger of a DELETE finds the ids of the rows that are gone.';

CREATE OR REPLACE FUNCTION metrics.detach(name text)
 RETURNS void
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET client_min_messages TO 'warning'
AS $function$
declare
  target name;
begin
  delete from metrics.attachments as a where a.name = detach.name and a.schema_name <> 'metrics'
  returning a.schema_name into target;
  if not found then
    raise exception 'there is no attached source named %', detach.name
      using errcode = 'undefined_object',
        hint = 'select name from metrics.attachments. The source named default goes with: npx conversation-metrics uninstall.';
  end if;
  execute format('select %I.drop_triggers()', target);
  perform metrics.install_overview();
  perform metrics.unsecure_source(target);
  -- Without cascade: a view that somebody built on the metrics is theirs, and stops this with its name.
  execute format('drop function %1$I.repair(integer), %1$I.sample_drift(integer)', target);
  execute format('drop view %I.conversation_metrics_drift', target);
  execute format('drop function %I.session_sums(timestamptz, timestamptz, integer, text[])', target);
  execute format('drop view %I.session_metrics', target);
  execute format('drop table %I.conversation_metrics_archive', target);
  execute format('drop table %I.conversation_metrics', target);
  execute format('drop schema %I cascade', target);
end; $function$;
comment on function metrics.detach(text) is 'Takes an attached source back: its triggers, ledgers and metrics go, the application''s tables and views stay as they were.';

CREATE OR REPLACE FUNCTION metrics.doctor(sample integer DEFAULT 100)
 RETURNS TABLE(check_name text, ok boolean, finding text, cure text)
 LANGUAGE plpgsql
 STABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
declare
  problem text;
  number bigint;
begin
  problem := metrics.missing_objects();
  if problem is not null then
    return query select 'installation', false, 'gone, with what depended on it: ' || problem,
      'npx conversation-metrics migrate: it removes what is left, and counts anew';
    return;
  end if;

  problem := nullif(metrics.mapping_problems(), '');
  return query select 'columns', problem is null,
    case when problem is null then 'the triggers can read every source' else 'every write fails: ' || problem end,
    case when problem is not null
      then 'Rename the column back; or: npx conversation-metrics uninstall, then: npx conversation-metrics migrate' end;

  problem := (
    select string_agg(format('%s: %s', s.kind, error.message), '; ')
    from metrics.sources as s cross join lateral metrics.mapping_error(s.kind) as error (message)
    where s.is_view and error.message is not null
  );
  if problem is not null then
    return query select 'mapping', false, 'it fails on rows that nothing has recorded: ' || problem,
      'npx conversation-metrics repair: it records them, and counts the others';
    return;
  end if;
  select count(*) into number from metrics.failed_rows as f;
  if number > 0 or exists (select from metrics.sources as s where s.is_view) then
    return query select 'mapping', number = 0,
      case when number = 0 then 'it fails on no row' else (
        select case number when 1 then 'it fails on 1 row, which is not counted: '
            else format('it fails on %s rows, which are not counted: ', number) end
          || string_agg(format('%s %s (%s)', f.kind, f.row_id, f.error), ', ' order by f.failed_at)
          || case when number > 5 then ' …' else '' end
        from (select * from metrics.failed_rows as f order by f.failed_at limit 5) as f
      ) end,
      case when number > 0
        then 'Mend the rows; or the view, then attach it again. select * from metrics.failed_rows' end;
  end if;

  problem := metrics.repeated_ids();
  return query select 'ids', problem is null,
    case when problem is null then 'each names one row' else 'name more than one row each, of which one counts: ' || problem end,
    case when problem is not null then 'Give each row an id of its own, then: npx conversation-metrics repair' end;

  -- Every table that rows can be written to, with the state of its four triggers.
  select string_agg(format('%s: %s', state.relation, state.problem), '; ' order by state.relation::text) into problem
  from (
    select t.relation, string_agg(coalesce(
      case g.tgenabled when 'D' then event || ' disabled' when 'R' then event || ' fires only on a replica' end,
      case when g.oid is null then event || ' missing' end), ', ') as problem
    from metrics.source_tables as t
    cross join unnest(array['insert', 'update', 'delete', 'truncate']) as event
    left join pg_trigger as g on g.tgrelid = t.relation and g.tgname = metrics.trigger_name(t.kind, event)
    group by t.relation
  ) as state
  where state.problem is not null;
  return query select 'triggers', problem is null,
    coalesce(problem, 'present and enabled on every source table'),
    case when problem is not null then 'select metrics.install(); then: npx conversation-metrics repair' end;

  select count(*) into number from metrics.source_messages as s where s.organization_id is null;
  return query select 'organizations', true,
    case when number = 0 then 'every row names its organization'
      else number || ' message rows have no organization; they count as one tenant of their own' end,
    case when number > 0 then 'If they belong to an organization: update conversations set organization_id = … where organization_id is null' end;

  number := metrics.rows_left_out();
  return query select 'session ids', number = 0,
    case when number = 0 then 'every row names its session' else number || ' message rows have no id or no session_id and are not counted' end,
    case when number > 0 then 'update conversations set session_id = … where session_id is null; likewise id' end;

  select count(*) into number
  from metrics.session_metrics as without
  where without.organization_id is null and exists (
    select from metrics.session_metrics as other
    where other.session_id = without.session_id and other.organization_id is not null
  );
  return query select 'duplicates', true,
    case when number = 0 then 'one row per session (a unique constraint), and no session id both with and without an organization'
      else case number when 1 then '1 session id appears' else number || ' session ids appear' end
        || ' both with and without an organization: two sessions each' end,
    case when number > 0 then 'Give every row of a session the same organization_id; its metrics rows then become one' end;

  -- Such a row is of the session without an organization, and that is not there.
  select string_agg(format('%s (%s)', each.kind, each.number), ' and ' order by each.kind desc) into problem
  from (
    select named.kind, count(*) as number
    from (
      select 'leads' as kind, l.session_id::text from metrics.source_leads as l where l.organization_id is null
      union all
      select 'feedback', f.session_id::text from metrics.source_feedback as f where f.organization_id is null
    ) as named
    where exists (select from metrics.session_metrics as m where m.session_id::text = named.session_id)
      and not exists (
        select from metrics.session_metrics as m where m.session_id::text = named.session_id and m.organization_id is null
      )
    group by named.kind
  ) as each;
  return query select 'leads and feedback', true,
    coalesce('rows of ' || problem || ' name a session of an organization, but not the organization: they count for none',
      'none names a session of an organization without naming that'),
    case when problem is not null
      then 'Give them the organization_id of their session, in their column or in the view that maps them. A column that is new is read after: npx conversation-metrics uninstall, then migrate' end;

  number := metrics.sample_drift(sample);
  return query select 'drift in a sample', number = 0,
    case when number = 0 then format('none in the newest %s sessions and message rows', sample)
      else format('%s in the newest %s sessions and message rows', case number when 1 then '1 difference' else number || ' differences' end, sample) end,
    case
      when number = 0 then null
      when metrics.has_uncounted()
        then 'Rows were never counted: npx conversation-metrics backfill, then: npx conversation-metrics verify'
      else 'npx conversation-metrics verify, then: npx conversation-metrics repair'
    end;

  select string_agg(c.oid::regclass::text, ', ') into problem
  from metrics.source_tables as t
  join pg_class as c on c.oid = t.relation
  join pg_class as ours on ours.oid = 'public.conversation_metrics'::regclass
  join pg_roles as owner on owner.oid = ours.relowner
  where c.relrowsecurity and not owner.rolsuper and not owner.rolbypassrls
    and (c.relforcerowsecurity or c.relowner <> ours.relowner);
  return query select 'row-level security', problem is null,
    coalesce('the owner of conversation_metrics does not see every row of ' || problem, 'hides no source row from us'),
    case when problem is not null then format('alter role %I bypassrls',
      (select pg_get_userbyid(relowner) from pg_class where oid = 'public.conversation_metrics'::regclass)) end;

  return query select 'session_replication_role', current_setting('session_replication_role') <> 'replica',
    case current_setting('session_replication_role') when 'replica'
      then 'this session writes without firing triggers' else 'triggers fire' end,
    case current_setting('session_replication_role') when 'replica'
      then 'set session_replication_role = origin; then: npx conversation-metrics repair' end;
end; $function$;
comment on function metrics.doctor(integer) is 'Checks what can go wrong in operation: what is gone, columns and ids, triggers, rows without organization or session, duplicates, leads and feedback that count for none, drift in the sessions changed last, hidden rows. Each finding comes with its cure.';

CREATE OR REPLACE FUNCTION metrics.drop_reports()
 RETURNS void
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET client_min_messages TO 'warning'
AS $function$
declare
  target record;
begin
  for target in
    select p.oid::regprocedure as signature
    from metrics.report_functions() as r
    join pg_proc as p on p.oid = r.oid
    where to_regtype('public.report_filter') = any (p.proargtypes::oid[] || p.proallargtypes || p.prorettype)
    -- What is used comes after what uses it.
    order by case p.proname
      when 'report_filter' then 9
      when 'checked_filter' then 8
      when 'local_time' then 7
      when 'report_sessions' then 6
      when 'period_series' then 5
      when 'report_periods' then 4 when 'hour_sums' then 4 when 'period_sums' then 4 when 'sums_query' then 4 when 'rolled_query' then 4
      else 1
    end
  loop
    execute format('drop function %s', target.signature);
  end loop;
  drop type if exists public.report_filter;
end; $function$;
comment on function metrics.drop_reports() is 'Removes the reports and their type; all else that belongs to them is in the schema metrics.';

CREATE OR REPLACE FUNCTION metrics.drop_triggers()
 RETURNS void
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
declare
  target record;
begin
  for target in
    select g.tgname as name, g.tgrelid::regclass as relation
    from pg_trigger as g
    join pg_proc as p on p.oid = g.tgfoid
    where p.pronamespace = (select c.relnamespace from pg_class as c where c.oid = 'metrics.sources'::regclass)
      and not g.tgisinternal
  loop
    execute format('drop trigger if exists %I on %s', target.name, target.relation);
  end loop;
end; $function$;
comment on function metrics.drop_triggers() is 'Removes the triggers of a source from the application''s tables.';

CREATE OR REPLACE FUNCTION metrics.enqueue_token_batches(max_batches integer, batch_rows integer, batch_tokens integer)
 RETURNS integer
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET plan_cache_mode TO 'force_custom_plan'
 SET enable_seqscan TO 'off'
 SET join_collapse_limit TO '8'
 SET from_collapse_limit TO '8'
 SET jit TO 'off'
 SET enable_bitmapscan TO 'off'
AS $function$
declare
  free integer;
  free_long integer;
  made integer;
begin
  -- One at a time, or two would claim the same rows; whoever comes second has nothing to do.
  if not pg_try_advisory_xact_lock(hashtextextended('metrics.token_batches', 0)) then
    return 0;
  end if;
  select max_batches - count(*) filter (where not b.is_long), greatest(0, 2 - count(*) filter (where b.is_long))
  into free, free_long
  from metrics.token_batches as b;
  -- Many at a time: each look passes by all rows that are claimed.
  if free * 2 < max_batches then
    return 0;
  end if;

  with waiting as (
    select
      l.conversation_id, l.session_key, l.created_at, size.tokens > batch_tokens as is_long,
      metrics.token_lane(l.session_key) as lane,
      -- What of a batch a row takes: one of its rows, or that part of its tokens where that is more. A long
      -- text takes all of one, so that nobody waits for it. An integer, since a sum of bigint is a numeric.
      least(greatest(batch_tokens, size.tokens * batch_rows), batch_rows::bigint * batch_tokens)::integer as share
    from metrics.messages as l
    cross join lateral (
      select case when l.prompt_source = 'estimate' then l.prompt_tokens else 0 end::bigint
        + case when l.completion_source = 'estimate' then l.completion_tokens else 0 end
    ) as size (tokens)
    where (l.prompt_source = 'estimate' or l.completion_source = 'estimate')
      -- Long ones that cannot be begun now keep no others from it.
      and (size.tokens <= batch_tokens or free_long > 0)
      -- Looked up by hash; not a join, which would sort all that waits.
      and l.conversation_id not in (
        select id from metrics.token_batches as b cross join lateral unnest(b.conversation_ids) as id
        union all
        select r.conversation_id from metrics.token_retries as r where r.retry_at > clock_timestamp()
      )
    order by l.created_at desc
    limit free * batch_rows
  ),
  numbered as (
    select
      w.*,
      (sum(w.share) over (partition by w.is_long, w.lane order by w.created_at desc rows unbounded preceding) - w.share)
        / (batch_rows::bigint * batch_tokens) as number
    from waiting as w
  ),
  grouped as (
    select
      is_long, lane, max(created_at) as newest, array_agg(conversation_id) as conversation_ids,
      array_agg(distinct session_key) as session_keys
    from numbered
    group by is_long, lane, number
    order by is_long, newest desc
  ),
  chosen as (
    (select * from grouped where not is_long limit free)
    union all
    (select * from grouped where is_long limit free_long)
  ),
  added as (
    insert into metrics.token_batches (conversation_ids, session_keys, lane, is_long)
    select conversation_ids, session_keys, lane, is_long from chosen
    returning batch_id, is_long
  )
  select count(job) into made
  from graphile_worker.add_jobs(array(
    select row(
      'count_tokens', json_build_object('source', metrics.source_name(), 'batch_id', added.batch_id), null, null, 5, null,
      -- First, since others would keep it waiting for as long as there are any: it is counted in a thread.
      case when added.is_long then -1 else 0 end, null
    )::graphile_worker.job_spec
    from added
    order by added.batch_id
  )) as job;
  return made;
end; $function$;
comment on function metrics.enqueue_token_batches(integer,integer,integer) is 'Adds count_tokens jobs for messages whose tokens are estimates, newest first, while fewer than max_batches wait or run: each of up to batch_rows rows and about batch_tokens estimated tokens, of one lane. Returns how many.';

CREATE OR REPLACE FUNCTION metrics.enter_sessions(keys uuid[])
 RETURNS uuid[]
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET plan_cache_mode TO 'force_generic_plan'
 SET enable_hashjoin TO 'off'
 SET enable_mergejoin TO 'off'
 SET enable_seqscan TO 'off'
 SET join_collapse_limit TO '8'
 SET from_collapse_limit TO '8'
 SET jit TO 'off'
AS $function$
declare
  archived uuid[];
begin
  if cardinality(keys) > 128 then
    perform metrics.plan_for_many();
  end if;
  with entered as (
    insert into metrics.sessions as s (session_key)
    select wanted.key
    from (select distinct key from unnest(keys) as key) as wanted
    left join public.conversation_metrics as m on m.session_key = wanted.key
    where metrics.is_own(m.xmin) is not true
    order by wanted.key
    on conflict (session_key) do update set is_known = true
    returning s.session_key, s.is_archived
  )
  select array_agg(entered.session_key) into archived from entered where entered.is_archived;
  if archived is not null then
    perform metrics.restore_sessions(archived);
  end if;

  return (
    select coalesce(array_agg(locked.session_key), '{}')
    from (
      select m.session_key
      from (select distinct key from unnest(keys) as key) as wanted
      join public.conversation_metrics as m on m.session_key = wanted.key
      order by m.session_key
      for no key update of m
    ) as locked
  );
end; $function$;
comment on function metrics.enter_sessions(uuid[]) is 'Locks these sessions until the end of the transaction, with or without a metrics row, brings their metrics rows back from the archive, and returns the keys of those that have one.';

CREATE OR REPLACE FUNCTION metrics.erase_columns(of_table regclass, names name[], condition text, dry_run boolean)
 RETURNS bigint
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
declare
  assignments constant text := (
    select string_agg(format('%I = %s', a.attname, metrics.erased_value(of_table, a.attname)), ', ')
    from pg_attribute as a
    where a.attrelid = of_table and a.attname = any(names) and not a.attisdropped and a.attgenerated = ''
  );
  number bigint := 0;
begin
  if assignments is null then
    return 0;
  elsif dry_run then
    execute format('select count(*) from %s where %s', of_table, condition) into number;
  else
    execute format('update %s set %s where %s', of_table, assignments, condition);
    get diagnostics number = row_count;
  end if;
  return number;
end; $function$;
comment on function metrics.erase_columns(regclass,name[],text,boolean) is 'Empties those of these columns that the application''s table has, in the rows of a condition; returns how many rows. The triggers follow.';

CREATE OR REPLACE FUNCTION metrics.erase_copies(of_schema name, email text, user_id text, organization text, no_organization boolean, dry_run boolean)
 RETURNS bigint
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
declare
  scope constant text := format(
    '(%1$L is null or organization_id::text = %1$L) and (not %2$L or organization_id is null)', organization, no_organization
  );
  target regclass;
  number bigint := 0;
begin
  for target in
    select c.oid
    from pg_class as c
    where c.relkind in ('r', 'p') and not c.relispartition
      and (
        c.relnamespace = quote_ident(of_schema)::regnamespace
        or (of_schema = 'metrics' and c.relnamespace = 'public'::regnamespace and starts_with(c.relname, 'conversation_metrics_'))
      )
      and c.relname not in ('conversation_metrics', 'conversation_metrics_archive')
      and 6 = (
        select count(*) from pg_attribute as a
        where a.attrelid = c.oid and not a.attisdropped
          and a.attname in ('session_key', 'organization_id', 'user_id', 'lead_name', 'lead_email', 'lead_company')
      )
  loop
    number := number
      + metrics.erase_columns(target, '{lead_name,lead_email,lead_company}', format(
        '%s and concat_ws('' '', lead_name, lead_email, lead_company) ~* %L', scope, metrics.mail_pattern(email)), dry_run)
      + metrics.erase_columns(target, '{user_id}', format('%s and user_id::text = %L', scope, erase_copies.user_id), dry_run);
  end loop;
  return number;
end; $function$;
comment on function metrics.erase_copies(name,text,text,text,boolean,boolean) is 'Erases a person from tables of a source that hold metrics rows which no trigger changes any more: those with the columns of conversation_metrics that name somebody.';

CREATE OR REPLACE FUNCTION metrics.erase_person(email text DEFAULT NULL::text, user_id text DEFAULT NULL::text, organization text DEFAULT NULL::text, no_organization boolean DEFAULT false, source text DEFAULT NULL::text, dry_run boolean DEFAULT false)
 RETURNS TABLE(of_source text, item text, number bigint, erased boolean, to_do text)
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
#variable_conflict use_variable
declare
  target record;
  person record;
  messages record;
  texts text[];
  is_adopted boolean;
begin
  if coalesce(btrim(email), btrim(user_id), '') = '' or btrim(email) = '' or btrim(user_id) = '' then
    raise exception 'it is not said whom to erase'
      using errcode = 'invalid_parameter_value', hint = 'email => ''…'', user_id => ''…'', or both.';
  elsif organization is not null and no_organization then
    raise exception 'organization and no_organization exclude each other'
      using errcode = 'invalid_parameter_value', hint = 'no_organization is for the rows whose organization is NULL.';
  elsif source is not null then
    perform metrics.source_schema(source);
  end if;

  for target in
    select a.name, a.schema_name
    from metrics.attachments as a
    where a.name = coalesce(source, a.name)
    order by a.name <> 'default', a.name
  loop
    of_source := target.name;
    -- All that is found by what is erased, first.
    select * into person from metrics.person_sessions(target.name, email, user_id, organization, no_organization);
    select * into messages
    from metrics.person_messages(target.name, person.session_keys, email, user_id, organization, no_organization);

    return query select target.name, f.* from metrics.erase_source_rows(
      target.schema_name, email, user_id, organization, no_organization, person.lead_ids, dry_run
    ) as f;
    if email is not null then
      item := 'errors and findings that quote it';
      number := metrics.erase_traces(target.schema_name, email, dry_run);
      erased := not dry_run;
      to_do := null;
      return next;
    end if;

    item := 'sessions that are kept elsewhere';
    number := metrics.erase_copies(target.schema_name, email, user_id, organization, no_organization, dry_run);
    erased := not dry_run;
    to_do := null;
    if number > 0 then
      return next;
    end if;

    erased := false;
    item := 'messages with a text';
    number := cardinality(messages.ids);
    to_do := metrics.text_statement(target.schema_name, 'messages', messages.ids);
    return next;
    execute format('select not bool_or(s.is_view) from %I.sources as s', target.schema_name) into is_adopted;
    if is_adopted then
      texts := metrics.feedback_texts(person.session_keys, email, organization, no_organization);
      item := 'feedback with a text';
      number := cardinality(texts);
      to_do := metrics.text_statement('metrics', 'feedback', texts);
      return next;
    end if;
    item := 'users called by it';
    number := cardinality(messages.user_ids);
    to_do := case when number > 0 then
      'They are erased by their user_id: ' || array_to_string(messages.user_ids, ', ') end;
    return next;
    item := 'sessions called by it';
    number := cardinality(person.named);
    to_do := case when number > 0 then
      'The application gives them another session_id: ' || array_to_string(person.named, ', ') end;
    return next;
  end loop;
end; $function$;
comment on function metrics.erase_person(text,text,text,boolean,text,boolean) is 'Erases a person: the contact details in the rows of leads with this e-mail address, and this user''s id and leads; ledgers and metrics follow. That there was a lead stays, and every number. Attached tables and texts of messages are never written: to_do says what is left to do, for each item that was not erased. dry_run: only counts.';

CREATE OR REPLACE FUNCTION metrics.erase_source_rows(of_schema name, email text, user_id text, organization text, no_organization boolean, lead_ids text[], dry_run boolean)
 RETURNS TABLE(item text, number bigint, erased boolean, to_do text)
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
#variable_conflict use_column
declare
  personal constant name[] := '{name,email,phone,company,custom_fields}';
  is_adopted boolean;
  leads_table regclass;
  messages_table regclass;
  users bigint;
begin
  execute format(
    'select bool_and(not s.is_view), max(s.relation::oid) filter (where s.kind = ''leads'')::regclass,
      max(s.relation::oid) filter (where s.kind = ''messages'')::regclass from %I.sources as s', of_schema
  ) into is_adopted, leads_table, messages_table;

  if not is_adopted then
    execute format('select count(*) from %I.source_messages as x where x.user_id::text = $1
      and ($2 is null or x.organization_id::text = $2) and (not $3 or x.organization_id is null)', of_schema)
    into users using erase_source_rows.user_id, organization, no_organization;
    return query values
      ('leads', cardinality(lead_ids)::bigint, false, case when lead_ids <> '{}' then format(
        'These tables are the application''s: it empties what it has of the person in %s, ids %s. The metrics follow at its commit.',
        leads_table, array_to_string(lead_ids, ', ')) end),
      ('rows with the user''s id', users, false, case when users > 0 then format(
        'The application takes the id away where it keeps it for %s. The metrics follow at its commit.', messages_table) end);
    return;
  end if;

  return query select 'leads', metrics.erase_columns(leads_table, personal,
    metrics.person_condition(leads_table, email, user_id, organization, no_organization), dry_run), not dry_run, null;
  if user_id is not null then
    return query select 'rows with the user''s id',
      metrics.erase_columns(messages_table, '{user_id}',
        metrics.person_condition(messages_table, null, user_id, organization, no_organization), dry_run)
      + metrics.erase_columns(leads_table, '{user_id}',
        metrics.person_condition(leads_table, null, user_id, organization, no_organization), dry_run),
      not dry_run, null;
  end if;
end; $function$;
comment on function metrics.erase_source_rows(name,text,text,text,boolean,text[],boolean) is 'Erases a person in the adopted tables of a source; of attached ones, which are never written, it says what the application has to do.';

CREATE OR REPLACE FUNCTION metrics.erase_traces(of_schema name, email text, dry_run boolean)
 RETURNS bigint
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
declare
  pattern constant text := metrics.mail_pattern(email);
  target record;
  changed bigint;
  number bigint := 0;
begin
  if not dry_run then
    execute format('select %1$I.sync(''leads'', array(select l.lead_id from %1$I.leads as l
      where concat_ws('' '', l.name, l.email, l.company) ~* $1))', of_schema) using pattern;
    execute format('select %1$I.rebuild_sessions(array(select m.session_key from %1$I.session_metrics as m
      where concat_ws('' '', m.lead_name, m.lead_email, m.lead_company) ~* $1))', of_schema) using pattern;
    execute format('select %I.follow_parents()', of_schema);
  end if;
  for target in
    select * from (values ('failed_rows', 'error', 'text'), ('token_retries', 'error', 'text'), ('checks', 'details', 'jsonb'))
      as t (of_table, of_column, type)
  loop
    execute format(
      case when dry_run then 'select count(*) from %1$I.%2$I where %3$I::text ~* $1'
      else 'with changed as (update %1$I.%2$I set %3$I = regexp_replace(%3$I::text, $1, ''(erased)'', ''gi'')::%4$s
        where %3$I::text ~* $1 returning 1) select count(*) from changed' end,
      of_schema, target.of_table, target.of_column, target.type
    ) into changed using pattern;
    number := number + changed;
  end loop;
  return number;
end; $function$;
comment on function metrics.erase_traces(name,text,boolean) is 'Erases an e-mail address from a source''s own notes (errors, findings of checks), and brings its ledgers and metrics up to date with leads that do not have it any more. Returns how many notes.';

CREATE OR REPLACE FUNCTION metrics.erased_value(of_table regclass, of_column name)
 RETURNS text
 LANGUAGE plpgsql
 STABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
declare
  attribute pg_attribute;
  type constant regtype := (
    select metrics.base_type(a.atttypid) from pg_attribute as a where a.attrelid = of_table and a.attname = of_column
  );
begin
  select a.* into strict attribute from pg_attribute as a where a.attrelid = of_table and a.attname = of_column;
  if not attribute.attnotnull and not exists (select from pg_type as t where t.oid = attribute.atttypid and t.typnotnull) then
    return 'null';
  elsif type in ('json'::regtype, 'jsonb'::regtype) then
    return quote_literal('{}');
  elsif type in ('text'::regtype, 'varchar'::regtype, 'bpchar'::regtype) or type::text = 'citext' then
    -- Each its own, where an address is unique; and one that can be no address of anybody's.
    return format(
      case of_column when 'email' then 'left(''erased-'' || id::text || ''@erased.invalid'', %s)' else 'left(''erased'', %s)' end,
      case when attribute.atttypmod > 4 then attribute.atttypmod - 4 else 1000 end
    );
  end if;
  raise exception 'column % of table % cannot be emptied: it is not null, and no text', quote_ident(of_column), of_table
    using errcode = 'not_null_violation', hint = format('alter table %s alter column %I drop not null', of_table, of_column);
end; $function$;
comment on function metrics.erased_value(regclass,name) is 'The expression that takes the place of what is erased in a column: NULL, where the table allows it.';

CREATE OR REPLACE FUNCTION metrics.estimated_messages(user_messages smallint, prompt_source metrics.token_source, ai_messages smallint, completion_source metrics.token_source)
 RETURNS integer
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE
RETURN (CASE WHEN (prompt_source = ANY (ARRAY['estimate'::metrics.token_source, 'kept'::metrics.token_source])) THEN (user_messages)::integer ELSE 0 END + CASE WHEN (completion_source = ANY (ARRAY['estimate'::metrics.token_source, 'kept'::metrics.token_source])) THEN (ai_messages)::integer ELSE 0 END);
comment on function metrics.estimated_messages(smallint,metrics.token_source,smallint,metrics.token_source) is 'How many messages of a row have estimated tokens.';

CREATE OR REPLACE FUNCTION metrics.extend_readers(names name[] DEFAULT metrics.current_readers())
 RETURNS void
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
begin
  -- A policy asks it on behalf of whoever reads, who learns of nobody else by it.
  grant select on metrics.own_scopes to public;
  perform metrics.grant_reports(reader) from unnest(names) as reader;
end; $function$;
comment on function metrics.extend_readers(name[]) is 'Gives readers the rights that they have on the sources that there are on those attached later as well.';

CREATE OR REPLACE FUNCTION metrics.fail_token_counts(batch bigint, failures jsonb)
 RETURNS void
 LANGUAGE sql
 SET search_path TO 'pg_catalog', 'pg_temp'
BEGIN ATOMIC
 INSERT INTO metrics.token_retries AS r (conversation_id, attempts, retry_at, error, text_digest)  SELECT failed.conversation_id,
             1,
             (clock_timestamp() + '00:00:04'::interval),
             failed.error,
             metrics.text_digest(s.model, s.message, s.response) AS text_digest
            FROM (jsonb_populate_recordset(NULL::metrics.token_retries, fail_token_counts.failures) failed(conversation_id, attempts, retry_at, error, text_digest)
              JOIN metrics.source_messages s ON ((s.conversation_id = failed.conversation_id)))
           WHERE (EXISTS ( SELECT
                    FROM metrics.token_batches b
                   WHERE (b.batch_id = fail_token_counts.batch))) ON CONFLICT(conversation_id) DO UPDATE SET attempts =
         CASE
             WHEN (r.text_digest = excluded.text_digest) THEN (r.attempts + 1)
             ELSE 1
         END, retry_at =
         CASE
             WHEN (r.text_digest IS DISTINCT FROM excluded.text_digest) THEN excluded.retry_at
             WHEN (r.attempts >= 4) THEN 'infinity'::timestamp with time zone
             ELSE (clock_timestamp() + ('00:00:04'::interval * ((4)::double precision ^ (r.attempts)::double precision)))
         END, error = excluded.error, text_digest = excluded.text_digest;
END;
comment on function metrics.fail_token_counts(bigint,jsonb) is 'Records which rows of a batch could not be counted (an array of conversation_id and error). Each is tried again after 4, 16, 64 and 256 seconds, then given up until its text changes: it stays an estimate.';

CREATE OR REPLACE FUNCTION metrics.feedback_texts(session_keys uuid[], email text, organization text, no_organization boolean)
 RETURNS text[]
 LANGUAGE plpgsql
 STABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
declare
  ids text[];
begin
  -- Where there is such a column; no mapping reads it.
  if exists (
    select from pg_attribute as a
    where a.attrelid = to_regclass('public.feedback') and a.attname = 'feedback_text' and not a.attisdropped
  ) then
    execute $sql$
      select array_agg(f.id::text order by f.id)
      from public.feedback as f
      left join metrics.feedback as l on l.feedback_id::text = f.id::text
      left join metrics.session_metrics as m on m.session_key = l.session_key
      where f.feedback_text::text <> ''
        and ($3 is null or m.organization_id::text = $3) and (not $4 or m.organization_id is null)
        and (l.session_key = any($1) or f.feedback_text::text ~* $2)
    $sql$ into ids using session_keys, metrics.mail_pattern(email), organization, no_organization;
  end if;
  return coalesce(ids, '{}');
end; $function$;
comment on function metrics.feedback_texts(uuid[],text,text,boolean) is 'Ids of the rows of the adopted table feedback with a text that are a person''s: of these sessions, or with the e-mail address in them.';

CREATE OR REPLACE FUNCTION metrics.first_rollup()
 RETURNS timestamp with time zone
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
 SELECT '2012-01-01 00:00:00+00'::timestamp with time zone AS timestamptz;
END;
comment on function metrics.first_rollup() is 'Sessions that began before this are in no rollup: until 2011 clocks were changed at a minute past midnight in places (America/St_Johns, by the IANA time zone database), so that a day did not begin with a quarter of an hour.';

CREATE OR REPLACE FUNCTION metrics.follow_parents()
 RETURNS integer
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
declare
  seen record;
  followed integer := 0;
begin
  for seen in
    with settled as (
      delete from metrics.parent_changes as c
      where c.changed_by < pg_snapshot_xmin(pg_current_snapshot())
      returning c.parent_id, c.parent
    )
    select p.kind, p.relation, p.children, jsonb_agg(settled.parent) as parents, count(*)::integer as number
    from settled
    join metrics.parents as p on p.parent_id = settled.parent_id
    group by p.parent_id
  loop
    execute format(
      'with changed as (select * from jsonb_populate_recordset(null::%s, $1)) '
      'select metrics.sync_carefully(%L, array(%s))',
      seen.relation, seen.kind, seen.children
    ) using seen.parents;
    followed := followed + seen.number;
  end loop;
  return followed;
end; $function$;
comment on function metrics.follow_parents() is 'Brings the rows up to date that were added below a parent while it changed; part of the worker''s check. Returns how many changes it looked at.';

CREATE OR REPLACE FUNCTION metrics.forget_messages()
 RETURNS void
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
begin
  if exists (select from metrics.source_messages) then
    perform metrics.require_current_snapshot();
    return;
  end if;
  -- In the order in which whoever writes a lead or feedback comes by these. It holds a session's lock
  -- when it needs the metrics rows: nobody may be between the two, since the locks of sessions are
  -- needed after this.
  lock table metrics.messages in access exclusive mode;
  lock table metrics.sessions in share row exclusive mode;
  begin
    truncate metrics.messages;
    truncate public.conversation_metrics, public.conversation_metrics_archive;
  exception
    -- A foreign key of somebody else's, a cursor open on the metrics, a unique constraint yet to be
    -- checked: TRUNCATE refuses, and with it the application's own would.
    when feature_not_supported or object_in_use then
      perform metrics.require_current_snapshot();
      delete from metrics.messages;
      delete from public.conversation_metrics;
      delete from public.conversation_metrics_archive;
  end;
  update metrics.sessions as s set is_archived = false where s.is_archived;
  insert into metrics.rollup_resets default values;
  -- Feedback that named its message row belongs to no session now.
  update metrics.feedback as f set session_key = null where f.conversation_id is not null;
  insert into metrics.messages (conversation_id, has_feedback)
  select distinct f.conversation_id, true from metrics.feedback as f where f.conversation_id is not null;
end; $function$;
comment on function metrics.forget_messages() is 'Empties ledger and metrics after the message source was truncated; does nothing while it has rows, in other partitions say.';

CREATE OR REPLACE FUNCTION metrics.grant_reader(to_role name, organizations text[] DEFAULT '{}'::text[], no_organization boolean DEFAULT false, all_organizations boolean DEFAULT false, by_setting boolean DEFAULT false, source text DEFAULT NULL::text, reads text DEFAULT 'reports'::text)
 RETURNS void
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
declare
  reader constant regrole := metrics.check_reader(to_role);
begin
  if reads not in ('rows', 'reports', 'texts') or reads is null then
    raise exception 'reads cannot be %', coalesce(quote_literal(reads), 'NULL')
      using errcode = 'invalid_parameter_value', hint = 'rows, reports or texts.';
  elsif cardinality(array_remove(organizations, null)) = 0
    and not coalesce(no_organization, false) and not coalesce(all_organizations, false) and not coalesce(by_setting, false)
  then
    raise exception 'it is not said what % may read', quote_ident(to_role)
      using errcode = 'invalid_parameter_value',
        hint = 'organizations => ''{7,8}'', no_organization => true, all_organizations => true, or by_setting => true.';
  end if;
  if source is not null then
    perform metrics.source_schema(source);
  end if;
  delete from metrics.readers as r where not exists (select from pg_roles as p where p.oid = r.role);
  insert into metrics.readers as r (role, source, scope, organization_id, reads)
  select reader, grant_reader.source, given.scope, given.organization_id, grant_reader.reads
  from (
    select distinct 'organization', o from unnest(organizations) as o where o is not null
    union all select 'none', null where no_organization
    union all select 'all', null where all_organizations
    union all select 'setting', null where by_setting
  ) as given (scope, organization_id)
  -- Never less than before: the rights that it has would stay, and the entry would hide them.
  on conflict on constraint readers_entry_key do update set reads = case
    when 'texts' in (r.reads, excluded.reads) then 'texts'
    when 'reports' in (r.reads, excluded.reads) then 'reports'
    else excluded.reads
  end;
  perform metrics.grant_reports(to_role);
end; $function$;
comment on function metrics.grant_reader(name,text[],boolean,boolean,boolean,text,text) is 'Lets a role read some organizations, beside those that it reads already: grant_reader(''bi_acme'', organizations => ''{7,8}''). no_organization: the rows whose organization is NULL. by_setting: whatever set conversation_metrics.organization says, which trusts whoever uses the role. source: of one source only. reads: rows (the rights are given by hand), reports (no text of a message), texts.';

CREATE OR REPLACE FUNCTION metrics.grant_reports(to_role name)
 RETURNS void
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
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
end; $function$;
comment on function metrics.grant_reports(name) is 'Gives a reader (metrics.readers) the rights that it needs on every source that there is. Which rows it sees is said by the policies.';

CREATE OR REPLACE FUNCTION metrics.guarded(source metrics.sources, reading text, ids_query text)
 RETURNS text
 LANGUAGE sql
 STABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
RETURN CASE WHEN (NOT (source).is_view) THEN reading ELSE format('
      begin
        %s
      exception when others then
        if sqlstate like ''40%%'' or sqlstate like ''57%%'' then
          raise;
        end if;
        perform metrics.sync_each(%L, array(%s));
        return null;
      end;
    '::text, reading, (source).kind, format(ids_query, (source).row_key)) END;
comment on function metrics.guarded(metrics.sources,text,text) is 'The text of a trigger function''s step that reads a mapping: where it fails, the statement''s rows (ids_query, with %s for the id) are counted one by one, and the failing ones recorded.';

CREATE OR REPLACE FUNCTION metrics.has_uncounted()
 RETURNS boolean
 LANGUAGE sql
 STABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
BEGIN ATOMIC
 SELECT ((EXISTS ( SELECT
            FROM metrics.counted_messages c
           WHERE (NOT (EXISTS ( SELECT
                    FROM metrics.messages l
                   WHERE (l.conversation_id = c.conversation_id)))))) OR (EXISTS ( SELECT
            FROM metrics.counted_leads c
           WHERE (NOT (EXISTS ( SELECT
                    FROM metrics.leads l
                   WHERE (l.lead_id = c.lead_id)))))) OR (EXISTS ( SELECT
            FROM metrics.counted_feedback c
           WHERE (NOT (EXISTS ( SELECT
                    FROM metrics.feedback l
                   WHERE (l.feedback_id = c.feedback_id)))))));
END;
comment on function metrics.has_uncounted() is 'Whether a source row was never counted: the ledger has no entry for it. metrics.backfill_batch counts such rows and blocks no writer; what differs otherwise takes metrics.repair.';

CREATE OR REPLACE FUNCTION metrics.hour_sums(filter public.report_filter)
 RETURNS TABLE(weekday integer, hour integer, conversations bigint, messages bigint, total_tokens bigint)
 LANGUAGE plpgsql
 STABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET jit TO 'off'
AS $function$
begin
  return query execute format(
    $sql$
    select
      extract(isodow from p.at at time zone ($1).time_zone)::integer,
      extract(hour from p.at at time zone ($1).time_zone)::integer,
      sum(p.conversations)::bigint, sum(p.user_messages + p.ai_messages)::bigint,
      sum(p.prompt_tokens + p.completion_tokens)::bigint
    from (%s) as p
    where p.at is not null
    group by 1, 2
    $sql$,
    metrics.sums_query(filter, 'hour')
  ) using filter;
end; $function$;
comment on function metrics.hour_sums(public.report_filter) is 'Sums over the conversations of a filter by weekday and hour of conversation_start in its time zone.';

CREATE OR REPLACE FUNCTION metrics.id_column(of_kind text)
 RETURNS text
 LANGUAGE sql
 IMMUTABLE
RETURN CASE of_kind WHEN 'messages'::text THEN 'conversation_id'::text WHEN 'leads'::text THEN 'lead_id'::text WHEN 'feedback'::text THEN 'feedback_id'::text ELSE NULL::text END;
comment on function metrics.id_column(text) is 'What the id of canonical rows of a kind is called.';

CREATE OR REPLACE FUNCTION metrics.id_is_unique(of_table regclass)
 RETURNS boolean
 LANGUAGE sql
 STABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
BEGIN ATOMIC
 SELECT ((EXISTS ( SELECT
            FROM (pg_index i
              JOIN pg_attribute a ON (((a.attrelid = i.indrelid) AND (a.attnum = i.indkey[0]))))
           WHERE ((i.indrelid = (id_is_unique.of_table)::oid) AND (a.attname = 'id'::name) AND i.indisunique AND i.indisvalid AND (i.indpred IS NULL) AND (i.indexprs IS NULL) AND (i.indnkeyatts = 1)))) AND ((NOT (EXISTS ( SELECT
            FROM pg_inherits
           WHERE (pg_inherits.inhparent = (id_is_unique.of_table)::oid)))) OR (EXISTS ( SELECT
            FROM pg_class
           WHERE ((pg_class.oid = (id_is_unique.of_table)::oid) AND (pg_class.relkind = 'p'::"char"))))));
END;
comment on function metrics.id_is_unique(regclass) is 'Whether an index of its own keeps the ids of a source table from repeating: not where the unique index of a partitioned table has the partition key beside the id, nor where tables inherit.';

CREATE OR REPLACE FUNCTION metrics.install()
 RETURNS void
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
begin
  perform metrics.install_message_triggers();
  perform metrics.install_extra_triggers(s.kind) from metrics.sources as s where s.kind <> 'messages';
  perform metrics.install_parent_triggers();
end; $function$;
comment on function metrics.install() is 'Creates the triggers on the source tables, also on partitions that came later. Safe to repeat.';

CREATE OR REPLACE FUNCTION metrics.install_empty_mapping(of_kind text)
 RETURNS void
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
begin
  delete from metrics.sources as s where s.kind = of_kind;
  execute format(
    'create or replace view metrics.source_%s as %s', of_kind,
    case of_kind
      when 'leads' then
        'select null::bigint as lead_id, null::text as organization_id, null::text as session_id, null::text as name, '
        'null::text as email, null::text as company, null::timestamptz as created_at where false'
      else
        format('select null::bigint as feedback_id, null::%s as conversation_id, null::text as organization_id, '
          'null::text as session_id, null::numeric as rating where false',
          metrics.column_definition('metrics.source_messages', 'conversation_id'))
    end
  );
end; $function$;
comment on function metrics.install_empty_mapping(text) is 'Makes a source without leads, or without feedback.';

CREATE OR REPLACE FUNCTION metrics.install_engine(of_name text, of_schema text, before_tables boolean)
 RETURNS void
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET client_min_messages TO 'warning'
AS $function$
declare
  object metrics.engine_objects;
begin
  if before_tables then
    execute format(
      'create or replace function %I.source_name() returns text language sql immutable parallel safe return %L',
      of_schema, of_name
    );
    execute format('comment on function %I.source_name() is %L', of_schema,
      'The name of the source whose objects are in this schema.');
  end if;
  for object in
    select * from metrics.engine_objects as o
    where o.before_tables = install_engine.before_tables
    order by o.position
  loop
    execute metrics.localized(object.body, of_schema);
  end loop;
end; $function$;
comment on function metrics.install_engine(text,text,boolean) is 'Creates or replaces the objects of metrics.engine_objects for a source, in its schema: those needed before its tables are made, or the others.';

CREATE OR REPLACE FUNCTION metrics.install_extra_triggers(of_kind text)
 RETURNS void
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $functionx$
declare
  source metrics.sources;
  id_column constant text := metrics.id_column(of_kind);
begin
  select * into strict source from metrics.sources where kind = of_kind;
  execute format(
    $function$
    create or replace function metrics.tg_%1$s__count() returns trigger
    language plpgsql security definer
    %8$s
    as $trigger$
    declare
      ids %2$s[];
    begin
      case TG_OP
        when 'INSERT' then
          %4$s
        when 'UPDATE' then
          %5$s
        when 'DELETE' then
          ids := array(%6$s);
        else
          perform metrics.require_current_snapshot();
          ids := array(
            select l.%3$I from metrics.%1$s as l
            where not exists (select from metrics.source_%1$s as s where s.%3$I = l.%3$I)
          );
      end case;
      if cardinality(ids) > 0 then
        perform metrics.%7$s(%1$L, ids);
      end if;
      return null;
    end; $trigger$
    $function$,
    of_kind,
    metrics.column_type(('metrics.source_' || of_kind)::regclass, id_column),
    id_column,
    metrics.guarded(source, format(
      'ids := array(select source.%I from (%s) as source%s);', id_column, format(source.mapping, 'inserted'),
      -- So that it is read whole, and fails here if at all.
      case when source.is_view then ' where source::text is not null' else '' end
    ), 'select %s from inserted as source'),
    metrics.changed_ids_sql(source),
    metrics.deleted_ids_sql(source),
    case when source.is_view then 'sync_carefully' else 'sync' end,
    metrics.trigger_settings(source.is_view)
  );
  execute format(
    'comment on function metrics.tg_%1$s__count() is %2$L', of_kind,
    format('Brings the metrics up to date with what a statement did to the %s rows, in its transaction.', of_kind)
  );
  perform metrics.install_triggers(source.kind, format('metrics.tg_%s__count()', of_kind));
end; $functionx$;
comment on function metrics.install_extra_triggers(text) is 'Creates the trigger function of the source leads or feedback from its mapping, and its triggers.';

CREATE OR REPLACE FUNCTION metrics.install_mapping(of_kind text, of_table regclass)
 RETURNS void
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
declare
  query constant text := metrics.default_mapping(of_table, of_kind);
begin
  insert into metrics.sources as s (kind, relation, mapping, row_key, is_view, reads_back)
  values (of_kind, of_table, query, 'source.id', false, false)
  on conflict (kind) do update set relation = excluded.relation, mapping = excluded.mapping;
  execute format('create or replace view metrics.%I as ', 'source_' || of_kind) || format(query, of_table);
  execute format('comment on view metrics.%I is %L', 'source_' || of_kind,
    format('The rows of %s as canonical %s rows: the one place that knows the application''s columns.', of_table, of_kind));
end; $function$;
comment on function metrics.install_mapping(text,regclass) is 'Registers a table as the source of messages, leads or feedback and creates its mapping view.';

CREATE OR REPLACE FUNCTION metrics.install_message_triggers()
 RETURNS void
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $functionx$
declare
  source metrics.sources;
  id_type constant text := metrics.column_type('metrics.source_messages', 'conversation_id');
  inserted text;
begin
  select * into strict source from metrics.sources where kind = 'messages';
  inserted := format(source.mapping, 'inserted');

  execute format(
    $function$
    create or replace function metrics.tg_conversations__insert() returns trigger
    language plpgsql security definer
    %2$s
    as $trigger$
    declare
      added_id %1$s;
      added_session_key uuid;
      added_created_at timestamptz;
      added_ended_at timestamptz;
      added_user_messages smallint;
      added_ai_messages smallint;
      added_prompt_tokens integer;
      added_completion_tokens integer;
      added_estimated_messages integer;
      added_response_us bigint;
      added_open_rows integer;
      added_lag interval;
      is_later boolean;
      is_between boolean;
      is_unpaired boolean;
      open_questions integer;
      started timestamptz;
      changed_at timestamptz;
    begin
      %4$s
      if added_user_messages < added_ai_messages then
        -- The AI's alone: it may be an answer. The lock comes first, for the row before it as others left that; and one
        -- UPDATE of the metrics row adds both.
        select m.open_rows into open_questions
        from public.conversation_metrics as m where m.session_key = added_session_key for no key update;
        if open_questions > 0 then
          update metrics.messages as l
          set response_us = metrics.response_us(nullif(l.created_at, 'infinity'), nullif(added_created_at, 'infinity'))
          where l.conversation_id = (
              select before.conversation_id from metrics.messages as before where before.session_key = added_session_key
              order by before.created_at desc, before.conversation_id desc offset 1 limit 1
            )
            and (l.created_at, l.conversation_id) < (added_created_at, added_id)
            and metrics.is_open(l.user_messages, l.ai_messages)
          returning l.response_us into added_response_us;
        elsif open_questions is null then
          is_unpaired := true; -- A new session, unless another transaction commits it until the UPDATE.
        end if;
      end if;
      update public.conversation_metrics as m
      set
        user_messages = m.user_messages + added_user_messages,
        ai_messages = m.ai_messages + added_ai_messages,
        prompt_tokens = m.prompt_tokens + added_prompt_tokens,
        completion_tokens = m.completion_tokens + added_completion_tokens,
        estimated_messages = m.estimated_messages + added_estimated_messages,
        conversation_end = greatest(m.conversation_end, added_ended_at),
        response_count = m.response_count + num_nonnulls(added_response_us),
        response_us_sum = m.response_us_sum + coalesce(added_response_us, 0),
        message_rows = m.message_rows + 1,
        open_rows = m.open_rows + added_open_rows,
        longest_lag = greatest(m.longest_lag, added_lag),
        updated_at = clock_timestamp()
      where m.session_key = added_session_key
      returning (m.conversation_start, m.conversation_id) < (added_created_at, added_id), m.open_rows, m.conversation_start
      into is_later, open_questions, started;
      if started < clock_timestamp() - metrics.rollup_delay() then
        perform metrics.mark_rollup(added_session_key);
      end if;

      if is_later and open_questions = 0 then
        return new; -- As good as null here; a variable costs no expression.
      elsif is_later then
        -- The last row answers a question as above, or none, where that could be looked at.
        if added_user_messages > 0 or added_response_us is null then
          select true into is_between
          from metrics.messages as l
          where l.session_key = added_session_key
            and (l.created_at, l.conversation_id) > (added_created_at, added_id)
          limit 1;
          if is_between or is_unpaired then
            perform metrics.add_answers(array[metrics.stretch(added_session_key, added_created_at, added_created_at)]);
          end if;
        end if;
      elsif open_questions is not null then
        perform metrics.start_earlier(l) from metrics.messages as l where l.conversation_id = added_id;
      elsif added_session_key is not null then
        -- Usually a new session. Another transaction that makes it at the same time is waited for: no
        -- metrics row is locked yet.
        insert into metrics.sessions (session_key) values (added_session_key) on conflict do nothing;
        if found then
          changed_at := clock_timestamp();
          insert into public.conversation_metrics (
            session_key, conversation_id, session_id, organization_id, widget_id, user_id,
            user_messages, ai_messages, prompt_tokens, completion_tokens, estimated_messages,
            conversation_start, conversation_end, response_count, response_us_sum,
            message_rows, open_rows, longest_lag, created_at, updated_at
          )
          select
            added_session_key, added_id, source.session_id, source.organization_id, source.widget_id, source.user_id,
            added_user_messages, added_ai_messages, added_prompt_tokens, added_completion_tokens, added_estimated_messages,
            nullif(added_created_at, 'infinity'), added_ended_at,
            num_nonnulls(added_response_us), coalesce(added_response_us, 0),
            1, added_open_rows, added_lag, changed_at, changed_at
          from (%6$s) as source
          on conflict do nothing;
        end if;
        if not found then
          perform metrics.add_first_row(l) from metrics.messages as l where l.conversation_id = added_id;
        elsif added_created_at < changed_at - metrics.rollup_delay() then
          perform metrics.mark_rollup(added_session_key);
        end if;
      else
        -- Several rows, or one that the ledger knows already.
        declare
          ids %1$s[];
          with_extras uuid[];
          answerable metrics.session_delta[];
          earlier metrics.session_delta[];
        begin
          %5$s
          if cardinality(ids) > 64 then
            begin
              execute metrics.count_new_messages_sql(%3$L)
                into with_extras, answerable, earlier
                using clock_timestamp();
              if earlier is not null then
                perform metrics.add_earlier_rows(earlier);
              end if;
              if with_extras is not null then
                perform metrics.apply_extras(with_extras);
              end if;
              if answerable is not null then
                perform metrics.add_answers(answerable);
              end if;
              return null;
            exception when unique_violation then
              null; -- Not all of them are new: the general way.
            end;
          end if;
          perform metrics.sync('messages', ids);
        end;
      end if;
      return null;
    end; $trigger$
    $function$,
    id_type, metrics.trigger_settings(source.is_view), inserted,
    metrics.count_inserted_row_sql(source), metrics.guarded(source, format(
      'ids := array(select source.conversation_id from (%s) as source%s);', inserted,
      -- So that it is read whole, and fails here if at all.
      case when source.is_view then ' where source::text is not null' else '' end
    ), 'select %s from inserted as source'),
    case
      when source.is_view then 'select s.* from metrics.source_messages as s where s.conversation_id = added_id'
      else inserted
    end
  );

  execute format(
    $function$
    create or replace function metrics.tg_conversations__update() returns trigger
    language plpgsql security definer
    %5$s
    as $trigger$
    declare
      ids %1$s[];
      is_done boolean;
    begin
      %3$s
      %2$s
      %4$s
      perform metrics.sync('messages', ids);
      return null;
    end; $trigger$
    $function$,
    id_type, metrics.changed_ids_sql(source), metrics.change_one_row_sql(source),
    case when source.is_view then $sql$
      if cardinality(ids) = 1 then
        select metrics.change_in_place(c, true, true) into is_done
        from metrics.counted_messages as c
        where c.conversation_id = ids[1];
        if is_done then
          return null;
        end if;
      end if;
    $sql$ else '' end,
    metrics.trigger_settings(source.is_view)
  );

  execute format(
    $function$
    create or replace function metrics.tg_conversations__delete() returns trigger
    language plpgsql security definer
    %3$s
    as $trigger$
    begin
      perform metrics.%1$s('messages', array(%2$s));
      return null;
    end; $trigger$
    $function$,
    case when source.is_view then 'sync_carefully' else 'sync' end, metrics.deleted_ids_sql(source),
    metrics.trigger_settings(source.is_view)
  );

  perform metrics.install_triggers('messages', 'metrics.tg_conversations__%s()');
end; $functionx$;
comment on function metrics.install_message_triggers() is 'Creates the trigger functions of the message source from its mapping, and its triggers.';

CREATE OR REPLACE FUNCTION metrics.install_overview()
 RETURNS void
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET client_min_messages TO 'warning'
AS $function$
declare
  query text;
begin
  select string_agg(format(
    $sql$
    select
      %L::text as source, m.session_key, m.conversation_id::text as conversation_id, m.session_id::text as session_id,
      m.organization_id::text as organization_id, m.widget_id::text as widget_id, m.user_id::text as user_id,
      m.total_messages, m.user_messages, m.ai_messages, m.total_tokens, m.prompt_tokens, m.completion_tokens,
      m.estimated_messages, m.conversation_start, m.conversation_end, m.conversation_duration,
      m.average_response_time, m.response_count, m.response_us_sum,
      m.has_lead, m.lead_name, m.lead_email, m.lead_company,
      m.user_satisfaction, m.rating_count, m.rating_sum, m.created_at, m.updated_at
    from %I.session_metrics as m
    $sql$,
    a.name, a.schema_name
  ), ' union all ' order by a.name <> 'default', a.name)
  into query
  from metrics.attachments as a;
  -- With the rights of whoever asks: the policies of each source hold for a reader, not for us.
  execute 'create or replace view public.all_conversation_metrics with (security_invoker = true) as ' || coalesce(query, $none$
    select
      null::text as source, null::uuid as session_key, null::text as conversation_id, null::text as session_id,
      null::text as organization_id, null::text as widget_id, null::text as user_id,
      null::integer as total_messages, null::integer as user_messages, null::integer as ai_messages,
      null::bigint as total_tokens, null::bigint as prompt_tokens, null::bigint as completion_tokens,
      null::integer as estimated_messages, null::timestamptz as conversation_start,
      null::timestamptz as conversation_end, null::double precision as conversation_duration,
      null::double precision as average_response_time, null::integer as response_count,
      null::numeric as response_us_sum, null::boolean as has_lead, null::text as lead_name,
      null::text as lead_email, null::text as lead_company, null::double precision as user_satisfaction,
      null::integer as rating_count, null::numeric as rating_sum, null::timestamptz as created_at,
      null::timestamptz as updated_at
    where false
  $none$);
  comment on view public.all_conversation_metrics is
    'conversation_metrics of all sources, with the source''s name; ids as text.';
end; $function$;
comment on function metrics.install_overview() is 'Makes the view public.all_conversation_metrics over the sources that there are.';

CREATE OR REPLACE FUNCTION metrics.install_parent_triggers()
 RETURNS void
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $functionx$
declare
  parent metrics.parents;
  id_type text;
  event text;
begin
  for parent in select * from metrics.parents as p order by p.parent_id loop
    id_type := metrics.column_type(('metrics.source_' || parent.kind)::regclass, metrics.id_column(parent.kind));
    execute format(
      $function$
      create or replace function metrics.tg_parent__%1$s() returns trigger
      language plpgsql security definer
      %8$s
      as $trigger$
      declare
        ids %2$s[];
      begin
        case TG_OP
          when 'INSERT' then
            ids := array(with changed as (select * from inserted) %3$s);
            if not %6$L::boolean then
              insert into metrics.parent_changes (parent_id, parent)
              select %1$s, to_jsonb(used) from inserted as parent cross join lateral (select %4$s) as used;
            end if;
          when 'DELETE' then
            ids := array(with changed as (select * from deleted) %3$s);
          when 'TRUNCATE' then
            -- Which rows these were is no longer known; nor what a snapshot older than it would see.
            perform metrics.require_current_snapshot();
            ids := array(
              select l.%7$I from metrics.%5$s as l where l.session_key is not null
              union
              select s.%7$I from metrics.source_%5$s as s
            );
          else
            -- By image, so that any type will do. Both sides, since the key itself may have changed.
            ids := array(
              with old_rows as materialized (
                select parent as image, (select used from (select %4$s) as used) as used from deleted as parent
              ),
              new_rows as materialized (
                select parent as image, (select used from (select %4$s) as used) as used from inserted as parent
              ),
              changed as (
                select (n.image).* from new_rows as n where not exists (select from old_rows as o where o.used *= n.used)
                union all
                select (o.image).* from old_rows as o where not exists (select from new_rows as n where n.used *= o.used)
              )
              %3$s
            );
            insert into metrics.parent_changes (parent_id, parent)
            with old_rows as materialized (
              select used from deleted as parent cross join lateral (select %4$s) as used
            )
            select %1$s, to_jsonb(present)
            from inserted as parent
            cross join lateral (select %4$s) as present
            where not exists (select from old_rows as o where o.used *= present);
        end case;
        if cardinality(ids) > 0 then
          perform metrics.sync_carefully(%5$L, ids);
        end if;
        return null;
      end; $trigger$
      $function$,
      parent.parent_id, id_type, parent.children,
      (select string_agg(format('parent.%I', name), ', ') from unnest(parent.columns) as name), parent.kind, parent.by_foreign_key,
      metrics.id_column(parent.kind), metrics.trigger_settings(true)
    );
    execute format('comment on function metrics.tg_parent__%s() is %L', parent.parent_id,
      format('Brings the %s up to date that hang on the changed rows of %s.', parent.kind, parent.relation));

    foreach event in array array['insert', 'update', 'delete', 'truncate'] loop
      execute format(
        'create or replace trigger %I after %s on %s %s for each statement execute function metrics.tg_parent__%s()',
        format('_520_metrics_%s_%s_%s', metrics.source_name(), parent.kind, event), event, parent.relation,
        case event
          when 'insert' then 'referencing new table as inserted'
          when 'update' then 'referencing old table as deleted new table as inserted'
          when 'delete' then 'referencing old table as deleted'
          else ''
        end,
        parent.parent_id
      );
    end loop;
  end loop;
end; $functionx$;
comment on function metrics.install_parent_triggers() is 'Creates the triggers of metrics.parents. Safe to repeat.';

CREATE OR REPLACE FUNCTION metrics.install_triggers(of_kind text, trigger_function text)
 RETURNS void
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
declare
  target regclass;
  event record;
begin
  for target in select t.relation from metrics.source_tables as t where t.kind = of_kind
  loop
    for event in
      select * from (values
        ('insert', 'referencing new table as inserted'),
        ('update', 'referencing old table as deleted new table as inserted'),
        ('delete', 'referencing old table as deleted'),
        ('truncate', '')
      ) as events (name, transition_tables)
    loop
      execute format(
        'create or replace trigger %I after %s on %s %s for each statement execute function %s',
        metrics.trigger_name(of_kind, event.name), event.name, target, event.transition_tables, format(trigger_function, event.name)
      );
    end loop;
  end loop;
end; $function$;
comment on function metrics.install_triggers(text,text) is 'Creates the four statement triggers on a source table and on its partitions. trigger_function is called as written, %s in it being the event (insert, update, delete, truncate).';

CREATE OR REPLACE FUNCTION metrics.install_view_mapping(of_kind text, of_view regclass, given jsonb, parents jsonb)
 RETURNS void
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
declare
  id_column constant text := metrics.id_column(of_kind);
  of_table regclass := (given ->> 'table')::regclass;
  key text := given ->> 'key';
  template text;
  canonical text;
begin
  perform metrics.check_view(of_view, of_kind);
  if of_table is null then
    select o.relation, format('source.%I', o.origin) into of_table, key
    from metrics.view_origins(of_view) as o
    where o.column_name = id_column;
  end if;
  if of_table is null or key is null then
    raise exception 'view %: its % is no column of a table as it stands', of_view, id_column
      using errcode = 'invalid_parameter_value',
        hint = format('Say which table''s rows it shows, and how the id is made of them: keys => {"%s": {"table": "…", "key": "source.…"}}.', of_kind);
  end if;

  -- The view's own text: whoever may replace the view cannot change what runs with our rights.
  canonical := metrics.default_mapping(of_view, of_kind, id_column);
  template := metrics.view_template(of_view, of_table);
  insert into metrics.sources as s (kind, relation, mapping, row_key, is_view, reads_back)
  values (
    of_kind, of_table,
    case when template is not null then replace(canonical, '%s', '(' || template || ')')
      else format(
        'select mapped.* from metrics.source_%s as mapped join (select distinct %s as id from %%s as source) as changed on changed.id = mapped.%I',
        of_kind, replace(key, '%', '%%'), id_column
      )
    end,
    key, true, template is null
  )
  on conflict (kind) do update set
    relation = excluded.relation, mapping = excluded.mapping, row_key = excluded.row_key,
    is_view = true, reads_back = excluded.reads_back;
  -- Without the rows that the view fails on, or nobody could read the others.
  execute format(
    'create or replace view metrics.source_%1$s as %2$s and not exists (select from metrics.failed_rows as failed where failed.kind = %1$L and failed.row_id = source.%3$I::text)',
    of_kind, format(canonical, '(' || rtrim(pg_get_viewdef(of_view), '; ') || ')'), id_column
  );
  execute format('comment on view metrics.source_%s is %L', of_kind,
    format('The rows of %s as canonical %s rows, by the view %s as it was when it was attached.', of_table, of_kind, of_view));

  insert into metrics.parents (kind, relation, columns, children, by_foreign_key)
  select of_kind, t.relation, t.columns, children.query, not parents ? t.relation::text
  from metrics.view_tables(of_view) as t
  cross join lateral (
    select case
      when parents ? t.relation::text then parents ->> t.relation::text
      else metrics.children_query(of_table, key, t.relation)
    end
  ) as children (query)
  where t.relation <> of_table and children.query is not null;
  perform metrics.check_lookups(of_kind, of_view, parents);
end; $function$;
comment on function metrics.install_view_mapping(text,regclass,jsonb,jsonb) is 'Takes the mapping of one kind from a view: its text over the table, and over the transition tables of the triggers, and the parents that it reads.';

CREATE OR REPLACE FUNCTION metrics.is_open(user_messages smallint, ai_messages smallint)
 RETURNS boolean
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE
RETURN (user_messages > ai_messages);
comment on function metrics.is_open(smallint,smallint) is 'Whether a row is a user''s message without a response: the next row may be its answer.';

CREATE OR REPLACE FUNCTION metrics.is_own(written_by xid)
 RETURNS boolean
 LANGUAGE plpgsql
 STRICT
AS $function$
declare
  own constant bigint := pg_current_xact_id()::text::bigint;
  after_own constant bigint := mod(written_by::text::bigint - mod(own, 4294967296) + 4294967296, 4294967296);
begin
  if after_own > 65535 then
    return false;
  end if;
  return own + after_own >= pg_snapshot_xmax(pg_current_snapshot())::text::bigint
    or pg_xact_status((own + after_own)::text::xid8) = 'in progress';
end; $function$;
comment on function metrics.is_own(xid) is 'Whether the transaction that asks has written this version of a visible row, given its xmin; NULL for no row.';

CREATE OR REPLACE FUNCTION metrics.keep_numbers(keeps boolean DEFAULT true)
 RETURNS void
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
begin
  update metrics.settings as s set keeps_numbers = keeps where s.keeps_numbers <> keeps;
  if found and not keeps then
    -- They count for what they hold, and that is nothing.
    perform metrics.sync('messages', array(select d.conversation_id from metrics.message_drift as d));
  end if;
end; $function$;
comment on function metrics.keep_numbers(boolean) is 'From now on a message whose text is emptied (NULL or '''') stays a message with the tokens that it was counted for, so that texts can be deleted for privacy; a row that is deleted takes its numbers along all the same. false: such a message counts no longer, nor do those that were emptied before.';

CREATE OR REPLACE FUNCTION metrics.keeps_its_place(old_row metrics.messages, new_row metrics.counted_messages)
 RETURNS boolean
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE
RETURN (((old_row).session_key = (new_row).session_key) AND ((old_row).created_at = (new_row).created_at) AND (((old_row).ended_at <= (new_row).ended_at) OR (((old_row).ended_at IS NULL) AND ((new_row).ended_at IS NULL))) AND ((old_row).user_messages <= (new_row).user_messages) AND ((old_row).ai_messages <= (new_row).ai_messages) AND ((((old_row).user_messages = 0) AND ((old_row).ai_messages > 0)) = (((new_row).user_messages = 0) AND ((new_row).ai_messages > 0))) AND (NOT metrics.is_open((new_row).user_messages, (new_row).ai_messages)));
comment on function metrics.keeps_its_place(metrics.messages,metrics.counted_messages) is 'Whether a changed row keeps its session, its time, its texts and its part in pairing answers, and ends no earlier.';

CREATE OR REPLACE FUNCTION metrics.known_time(source_time timestamp with time zone)
 RETURNS timestamp with time zone
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE
RETURN NULLIF(NULLIF(LEAST(source_time, '200000-01-01 00:00:00+00'::timestamp with time zone), '200000-01-01 00:00:00+00'::timestamp with time zone), '-infinity'::timestamp with time zone);
comment on function metrics.known_time(timestamp with time zone) is 'A source time, or NULL for an unknown one: NULL, infinite, or so far off (milliseconds taken for seconds, say) that a difference could leave the range of an interval.';

CREATE OR REPLACE FUNCTION metrics.known_zone(zone text)
 RETURNS text
 LANGUAGE plpgsql
 IMMUTABLE PARALLEL SAFE
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
declare
  -- PostgreSQL reads these as abbreviations, without the zone's daylight-saving time or by the session's own zone.
  spoken_for constant jsonb := '{
    "cet": "Europe/Brussels", "met": "Europe/Brussels", "eet": "Europe/Athens", "wet": "Europe/Lisbon",
    "est": "America/Panama", "mst": "America/Phoenix", "hst": "Pacific/Honolulu", "uct": "UTC", "gmt": "UTC"
  }';
  known boolean;
begin
  if lower(zone) = 'utc' then
    return 'UTC';
  elsif spoken_for ? lower(zone) then
    return spoken_for ->> lower(zone);
  elsif zone ~ '/' and zone !~ '[0-9]' and current_setting('server_version_num')::integer >= 160000 then
    -- The list of all zones reads every file of them.
    known := pg_input_is_valid('2000-01-01 00:00 ' || zone, 'timestamptz');
  else
    -- Not by trying: with a digit behind it, any word passes for a zone of POSIX's (Europe/Berln1).
    known := exists (select from pg_timezone_names as z where lower(z.name) = lower(zone));
  end if;
  if not known then
    raise exception 'there is no time zone named "%"', zone
      using errcode = 'invalid_parameter_value',
        hint = 'Use a name of the IANA list, for example Europe/Berlin, Asia/Kolkata or UTC: select name from pg_timezone_names';
  end if;
  return zone;
end; $function$;
comment on function metrics.known_zone(text) is 'An IANA time zone in a spelling that at time zone reads as that zone; an error for any other text.';

CREATE OR REPLACE FUNCTION metrics.lead_sums(filter public.report_filter, split_by text, days integer, duration interval)
 RETURNS TABLE(key text, conversations bigint, converted bigint, leads bigint, leads_with_email bigint)
 LANGUAGE plpgsql
 STABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
begin
  return query execute format(
    $sql$
    select %s, count(*), count(*) filter (where m.has_lead), coalesce(sum(l.leads), 0)::bigint,
      coalesce(sum(l.with_email), 0)::bigint
    from public.report_sessions($1) as m
    left join lateral (
      select count(*) as leads, count(*) filter (where r.email <> '') as with_email
      from %I.leads as r
      -- Looked for where there are any, not for every conversation.
      where m.has_lead and r.session_key = m.session_key
    ) as l on true
    group by 1
    $sql$,
    metrics.split_key(split_by, array['total', 'widget', 'day']), metrics.source_schema(filter.source)
  ) using filter, days, duration;
end; $function$;
comment on function metrics.lead_sums(public.report_filter,text,integer,interval) is 'Conversations by a key, those of them with a lead, their leads, and how many of these have an e-mail address.';

CREATE OR REPLACE FUNCTION metrics.local_time(at timestamp with time zone, filter public.report_filter, days integer, duration interval)
 RETURNS timestamp without time zone
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
 SELECT (((((at AT TIME ZONE 'UTC'::text) + duration) AT TIME ZONE 'UTC'::text) AT TIME ZONE (filter).time_zone) + ((days)::double precision * '1 day'::interval));
END;
comment on function metrics.local_time(timestamp with time zone,public.report_filter,integer,interval) is 'A moment on the clocks of the filter''s time zone, moved from the previous period into the one reported.';

CREATE OR REPLACE FUNCTION metrics.localized(body text, schema_name text)
 RETURNS text
 LANGUAGE sql
 STABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
BEGIN ATOMIC
 SELECT
         CASE
             WHEN (schema_name = 'metrics'::text) THEN body
             ELSE regexp_replace(regexp_replace(body, (('\mmetrics\.(?=(?:(?:'::text || ( SELECT string_agg(DISTINCT made.part[1], '|'::text) AS string_agg
                FROM (metrics.engine_objects o
                  CROSS JOIN LATERAL regexp_matches(o.body, 'create (?:or replace )?(?:function|view|table|type) metrics\.(\w+)'::text, 'g'::text) made(part)))) || '|source_name)\M)|(?:source|counted|tg)_|%)'::text), (schema_name || '.'::text), 'g'::text), '\mpublic\.(?=(?:conversation_metrics|conversation_metrics_archive|conversation_metrics_drift|sync_conversation_metrics)\M)'::text, (schema_name || '.'::text), 'g'::text)
         END AS regexp_replace;
END;
comment on function metrics.localized(text,text) is 'The text of an engine object for the source that lives in another schema.';

CREATE OR REPLACE FUNCTION metrics.longest_rollup(unit text, time_zone text, from_time timestamp with time zone, to_time timestamp with time zone, shift interval)
 RETURNS integer
 LANGUAGE plpgsql
 IMMUTABLE PARALLEL SAFE
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
declare
  -- Of nothing where all is one.
  distances constant bigint[] := case when unit = 'all' then '{0}' else array(
    select extract(epoch from (m.moment at time zone 'UTC' at time zone time_zone) - m.moment + shift)::bigint
    from (
      select at + shift
      from generate_series(from_time at time zone 'UTC', to_time at time zone 'UTC', interval '7 days') as at
      union all
      select (to_time at time zone 'UTC') + shift
    ) as m (moment)
  ) end;
begin
  return case
    when unit <> 'hour' and 0 = all (select d % 86400 from unnest(distances) as d) then 1440
    when 0 = all (select d % 3600 from unnest(distances) as d) then 60
    else 15
  end;
end; $function$;
comment on function metrics.longest_rollup(text,text,timestamp with time zone,timestamp with time zone,interval) is 'How long (minutes) rollups may be so that each lies within one unit (hour, day, week, month, all) of a time zone, from one time to another, moved by shift.';

CREATE OR REPLACE FUNCTION metrics.mail_pattern(email text)
 RETURNS text
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE
 SET search_path TO 'pg_catalog', 'pg_temp'
RETURN (('(?<![[:alnum:]._%+-])'::text || regexp_replace(btrim(email), '([^[:alnum:]])'::text, '\\\1'::text, 'g'::text)) || '(?![[:alnum:]-]|\.[[:alnum:]])'::text);
comment on function metrics.mail_pattern(text) is 'A regular expression, for ~*, that finds an e-mail address in a text.';

CREATE OR REPLACE FUNCTION metrics.make_days(changed metrics.rollup_changes[], from_time timestamp with time zone, to_time timestamp with time zone)
 RETURNS void
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET jit TO 'off'
 SET plan_cache_mode TO 'force_custom_plan'
AS $function$
begin
  with remade as materialized (
    select distinct metrics.rollup_start(c.starts_at, 1440) as starts_at, c.organization_id
    from unnest(changed) as c
    -- What comes to its end after from_time is made whole below.
    where metrics.rollup_start(c.starts_at, 1440) < metrics.rollup_start(from_time, 1440)
  ),
  removed as (
    delete from metrics.rollups as r
    using remade as c
    where r.minutes = 1440 and r.starts_at = c.starts_at and r.organization_id is not distinct from c.organization_id
  ),
  hours as (
    select row(o.*)::metrics.rollups as hour
    from remade as c
    -- So that each is looked up by index.
    cross join (values (true), (false)) as w (all_widgets)
    cross join lateral (
      select r.*
      from metrics.rollups as r
      where hashtextextended(coalesce(r.organization_id, ''), 0) = hashtextextended(coalesce(c.organization_id, ''), 0)
        and r.organization_id is not distinct from c.organization_id
        and r.minutes = 60 and r.all_widgets = w.all_widgets
        and r.starts_at >= c.starts_at and r.starts_at < c.starts_at + interval '24 hours'
      offset 0
    ) as o
    union all
    select r
    from metrics.rollups as r
    where r.minutes = 60
      and r.starts_at >= metrics.rollup_start(from_time, 1440) and r.starts_at < metrics.rollup_start(to_time, 1440)
  )
  insert into metrics.rollups
  select d.*
  from (
    select array_agg(h.hour) as hours
    from hours as h
    group by metrics.rollup_start((h.hour).starts_at, 1440), (h.hour).organization_id, (h.hour).widget_id, (h.hour).all_widgets
  ) as g
  cross join lateral metrics.sum_rollups(1440, g.hours) as d;
end; $function$;
comment on function metrics.make_days(metrics.rollup_changes[],timestamp with time zone,timestamp with time zone) is 'Makes the rollups of days from those of their hours: anew where they changed, and those that end after from_time, up to to_time. For metrics.roll_up, which nobody else writes beside.';

CREATE OR REPLACE FUNCTION metrics.make_rollups(span integer, changed metrics.rollup_changes[], from_time timestamp with time zone, to_time timestamp with time zone)
 RETURNS void
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET jit TO 'off'
 SET plan_cache_mode TO 'force_custom_plan'
AS $function$
begin
  with remade as materialized (
    select distinct metrics.rollup_start(c.starts_at, span) as starts_at, c.organization_id
    from unnest(changed) as c
    -- What comes to its end after from_time is made whole below.
    where metrics.rollup_start(c.starts_at, span) < metrics.rollup_start(from_time, span)
  ),
  removed as (
    delete from metrics.rollups as r
    using remade as c
    where r.minutes = span and r.starts_at = c.starts_at and r.organization_id is not distinct from c.organization_id
  )
  insert into metrics.rollups
  select s.*
  from (
    select c.starts_at, array_agg(coalesce(c.organization_id, '')) as organizations from remade as c group by c.starts_at
  ) as q
  cross join lateral metrics.session_sums(q.starts_at, q.starts_at + make_interval(mins => span), span, q.organizations) as s
  where exists (
    select from remade as c
    where c.starts_at = s.starts_at and c.organization_id is not distinct from s.organization_id
  )
  union all
  select s.*
  from metrics.session_sums(metrics.rollup_start(from_time, span), metrics.rollup_start(to_time, span), span) as s;
end; $function$;
comment on function metrics.make_rollups(integer,metrics.rollup_changes[],timestamp with time zone,timestamp with time zone) is 'Makes the rollups of quarters of an hour, or of hours (span, in minutes), from the sessions: anew where they changed, and those that end after from_time, up to to_time. For metrics.roll_up.';

CREATE OR REPLACE FUNCTION metrics.map_views(messages regclass, leads regclass, feedback regclass, keys jsonb, parents jsonb)
 RETURNS void
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
declare
  mapped record;
  old_function regprocedure;
  known_parents constant jsonb := (
    select coalesce(jsonb_object_agg(p.key::regclass::text, p.value), '{}') from jsonb_each(parents) as p
  );
begin
  perform metrics.drop_triggers();
  for old_function in
    select p.oid from pg_proc as p
    where p.pronamespace = (select c.relnamespace from pg_class as c where c.oid = 'metrics.sources'::regclass)
      and p.proname ~ '^tg_parent__'
  loop
    execute format('drop function %s', old_function);
  end loop;
  delete from metrics.parents;
  for mapped in
    select * from (values ('messages', messages), ('leads', leads), ('feedback', feedback)) as m (kind, of_view)
  loop
    if mapped.of_view is null then
      perform metrics.install_empty_mapping(mapped.kind);
    else
      perform metrics.install_view_mapping(mapped.kind, mapped.of_view, keys -> mapped.kind, known_parents);
    end if;
  end loop;
end; $function$;
comment on function metrics.map_views(regclass,regclass,regclass,jsonb,jsonb) is 'Takes the mapping of a source from views; see metrics.attach.';

CREATE OR REPLACE FUNCTION metrics.mapped_column(of_table regclass, column_name text, kind text, canonical_name text DEFAULT NULL::text)
 RETURNS text
 LANGUAGE plpgsql
 STABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
declare
  attribute pg_attribute;
  type pg_type;
  source text := format('source.%I', column_name);
  as_text text;
  expression text;
begin
  select a.* into attribute
  from pg_attribute as a
  where a.attrelid = of_table and a.attname = column_name and a.attnum > 0 and not a.attisdropped;
  if not found then
    return case kind
      when 'time' then 'null::timestamptz' when 'tokens' then 'null::integer' when 'rating' then 'null::numeric'
      when 'text' then 'null::text' else 'null::bigint'
    end || ' as ' || quote_ident(coalesce(canonical_name, column_name));
  end if;

  perform metrics.check_column(of_table, column_name, kind);
  select t.* into strict type from pg_type as t where t.oid = metrics.base_type(attribute.atttypid);
  if attribute.atttypid <> type.oid then
    source := format('%s::%s', source, format_type(type.oid, -1));
  end if;
  as_text := case
    when type.oid = 'bytea'::regtype then format('encode(%s, ''hex'')', source)
    when type.oid < 16384 then source || '::text'
    else format('textin(%s(%s))',
      (select format('%I.%I', n.nspname, p.proname) from pg_proc as p join pg_namespace as n on n.oid = p.pronamespace
        where p.oid = type.typoutput),
      source)
  end;

  expression := case
    -- Not by a collation of its own, for which USER may be a user.
    when kind = 'text' and type.oid < 16384 and attribute.attcollation not in (0, '"default"'::regcollation) then
      as_text || ' collate "default"'
    when kind = 'text' or kind in ('row', 'key', 'value') and type.oid >= 16384 then as_text
    when kind = 'key' and type.oid = 'bytea'::regtype then as_text
    -- 1 and 1.0 are one organization.
    when kind = 'key' and type.oid = 'numeric'::regtype then format('trim_scale(%s)', source)
    when kind in ('row', 'key', 'value') then source
    -- A time without a zone is taken as UTC: the zone of whoever happens to write is no answer.
    when kind = 'time' and type.oid = 'timestamp'::regtype then source || ' at time zone ''UTC'''
    when kind = 'time' and type.oid = 'date'::regtype then source || '::timestamp at time zone ''UTC'''
    when kind = 'time' then source
    when kind = 'tokens' and type.oid in ('smallint'::regtype, 'integer'::regtype) then
      -- What is negative is unknown.
      format('nullif(greatest(%s, -1), -1)::integer', source)
    when kind = 'tokens' then format('case when %1$s between 0 and 2147483647 then %1$s::integer end', source)
    when kind = 'rating' then format('case when %1$s between 1 and 5 then %1$s::numeric end', source)
  end;
  return expression || ' as ' || quote_ident(coalesce(canonical_name, column_name));
end; $function$;
comment on function metrics.mapped_column(regclass,text,text,text) is 'The expression by which a default mapping reads a column of kind row (an id of rows), key (a part of a session''s key), value, text, time, tokens or rating; a typed NULL where the column is missing.';

CREATE OR REPLACE FUNCTION metrics.mapped_reference(of_table regclass, column_name text)
 RETURNS text
 LANGUAGE plpgsql
 STABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
declare
  numbers constant regtype[] := array['smallint', 'integer', 'bigint', 'numeric'];
  texts constant regtype[] := array['text', 'varchar', 'bpchar'];
  target_type constant regtype := (
    select a.atttypid from pg_attribute as a
    where a.attrelid = 'metrics.source_messages'::regclass and a.attname = 'conversation_id'
  );
  -- Without a length: a cast to a length cuts a text off, and names another row.
  target constant text := format_type(target_type, -1);
  own_type constant regtype := (
    select metrics.base_type(a.atttypid) from pg_attribute as a
    where a.attrelid = of_table and a.attname = column_name and not a.attisdropped
  );
  source text := 'null';
begin
  if own_type is not null then
    source := (regexp_match(metrics.mapped_column(of_table, column_name, 'row', 'id'), '^(.*) as id$'))[1];
    source := case
      when own_type = target_type or target_type = any(texts) then source
      when own_type = any(numbers) and target_type = any(numbers) then
        format('case when %1$s between %2$s and %3$s then %1$s end', source,
          case target when 'smallint' then '-32768' when 'integer' then '-2147483648'
            when 'bigint' then '-9223372036854775808' else '''-Infinity''' end,
          case target when 'smallint' then '32767' when 'integer' then '2147483647'
            when 'bigint' then '9223372036854775807' else '''NaN''' end)
      when own_type = any(texts) and target_type = 'uuid'::regtype then
        format('case when %1$s ~ ''^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$'' then %1$s end', source)
      when own_type = any(texts) and target_type = any(numbers) then
        format('case when %1$s ~ ''^[0-9]{1,%2$s}$'' then %1$s end', source,
          case target when 'smallint' then 4 when 'integer' then 9 else 18 end)
    end;
  end if;
  if source is null then
    raise exception 'table % cannot be adopted: its column % has type %, the id of conversations has type %',
        of_table, column_name, own_type, target
      using errcode = 'datatype_mismatch',
        hint = format('Change the column to %s, or rename it so that it is not taken for a reference.', target);
  end if;
  return format('(%s)::%s', source, target)
    || coalesce(substring(metrics.column_definition('metrics.source_messages', 'conversation_id') from ' collate .*$'), '')
    || ' as ' || quote_ident(column_name);
end; $function$;
comment on function metrics.mapped_reference(regclass,text) is 'The expression by which a default mapping reads a column that names a message row; a typed NULL where the column is missing.';

CREATE OR REPLACE FUNCTION metrics.mapping_error(of_kind text)
 RETURNS text
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
begin
  execute format('select count(s::text) from metrics.source_%s as s', of_kind);
  return null;
exception when others then
  if sqlstate like '40%' or sqlstate like '57%' then
    raise;
  end if;
  return case when sqlstate like '22%' then regexp_replace(sqlerrm, '"[^"]*("|$)', '"…"', 'g') else sqlerrm end;
end; $function$;
comment on function metrics.mapping_error(text) is 'The error that reading all rows of a kind ends with; NULL where they can be read.';

CREATE OR REPLACE FUNCTION metrics.mapping_problems()
 RETURNS text
 LANGUAGE plpgsql
 STABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
declare
  source metrics.sources;
  problems text;
begin
  for source in select s.* from metrics.sources as s order by s.kind loop
    begin
      execute format('select from (%s) as source limit 0', format(source.mapping, source.relation));
    exception when others then
      problems := concat_ws('; ', problems, format('%s: %s', source.relation, sqlerrm));
    end;
  end loop;
  return concat_ws('; ', problems, (
    select string_agg(format('%s: column %I is generated, but not stored', s.relation, a.attname), '; ')
    from metrics.sources as s
    join pg_rewrite as r on r.ev_class = to_regclass('metrics.source_' || s.kind)
    join pg_depend as d on d.classid = 'pg_rewrite'::regclass and d.objid = r.oid
      and d.refclassid = 'pg_class'::regclass and d.refobjid = s.relation
    join pg_attribute as a on a.attrelid = d.refobjid and a.attnum = d.refobjsubid
    where a.attgenerated::text = 'v'
  ));
end; $function$;
comment on function metrics.mapping_problems() is 'Why the triggers cannot read the rows of a source: what its mapping names and the table has no longer. Empty where they can.';

CREATE OR REPLACE FUNCTION metrics.mark_rollup(key uuid)
 RETURNS void
 LANGUAGE plpgsql
AS $function$
begin
  insert into metrics.rollup_changes (starts_at, organization_id)
  select metrics.quarter_hour(m.conversation_start), m.organization_id::text
  from public.conversation_metrics as m
  where m.session_key = key;
end; $function$;
comment on function metrics.mark_rollup(uuid) is 'As metrics.mark_rollups, of one session whose start is known to be old enough.';

CREATE OR REPLACE FUNCTION metrics.mark_rollups(keys uuid[])
 RETURNS void
 LANGUAGE plpgsql
AS $function$
begin
  insert into metrics.rollup_changes (starts_at, organization_id)
  select distinct metrics.quarter_hour(m.conversation_start), m.organization_id::text
  from public.conversation_metrics as m
  where m.session_key = any(keys) and m.conversation_start < clock_timestamp() - metrics.rollup_delay();
end; $function$;
comment on function metrics.mark_rollups(uuid[]) is 'Notes that the rollups which these sessions are part of at present are out of date. The caller holds the locks of their metrics rows, and calls it after what it changes, and before that, too, where their start may change or they may go.';

CREATE OR REPLACE FUNCTION metrics.message_delta(message metrics.messages)
 RETURNS metrics.session_delta
 LANGUAGE sql
 STABLE
RETURN ROW((message).session_key, 1, ((message).user_messages)::integer, ((message).ai_messages)::integer, ((message).prompt_tokens)::bigint, ((message).completion_tokens)::bigint, metrics.estimated_messages((message).user_messages, (message).prompt_source, (message).ai_messages, (message).completion_source), (metrics.is_open((message).user_messages, (message).ai_messages))::integer, (((message).response_us IS NOT NULL))::integer, (COALESCE((message).response_us, (0)::bigint))::numeric, metrics.row_lag((message).created_at, (message).ended_at), NULL::timestamp with time zone, (message).ended_at, (message).created_at, (message).created_at)::metrics.session_delta;
comment on function metrics.message_delta(metrics.messages) is 'What one ledger row adds to its session.';

CREATE OR REPLACE FUNCTION metrics.message_parts(role text, message text, response text, created_at timestamp with time zone, responded_at timestamp with time zone)
 RETURNS TABLE(sent_at timestamp with time zone, answered_at timestamp with time zone, user_length integer, assistant_length integer, response_length integer)
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
 SELECT metrics.known_time(created_at) AS known_time,
         CASE
             WHEN (response <> ''::text) THEN metrics.known_time(responded_at)
             ELSE NULL::timestamp with time zone
         END AS "case",
         CASE
             WHEN (COALESCE(role, 'user'::text) = 'user'::text) THEN NULLIF(char_length(message), 0)
             ELSE NULL::integer
         END AS "case",
         CASE
             WHEN (role = 'assistant'::text) THEN NULLIF(char_length(message), 0)
             ELSE NULL::integer
         END AS "case",
     NULLIF(char_length(response), 0) AS "nullif";
END;
comment on function metrics.message_parts(text,text,text,timestamp with time zone,timestamp with time zone) is 'What metrics.count_parts asks of one message row: its known times, and of how many characters the user''s message, the assistant''s (on a row of its own) and the response are; NULL where there is none.';

CREATE OR REPLACE FUNCTION metrics.missing_objects()
 RETURNS text
 LANGUAGE sql
 STABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
BEGIN ATOMIC
 SELECT string_agg(name.name, ', '::text) AS string_agg
    FROM unnest(ARRAY['public.conversation_metrics'::text, 'public.conversation_metrics_archive'::text, 'public.conversation_metrics_drift'::text, 'metrics.source_messages'::text, 'metrics.source_leads'::text, 'metrics.source_feedback'::text, 'metrics.counted_messages'::text, 'metrics.counted_leads'::text, 'metrics.counted_feedback'::text]) name(name)
   WHERE (to_regclass(name.name) IS NULL);
END;
comment on function metrics.missing_objects() is 'What an installation has and this one has no longer ("drop schema public cascade" takes it along, or a DROP TABLE of a source); NULL where all is there.';

CREATE OR REPLACE FUNCTION metrics.model_encoding(model text)
 RETURNS TABLE(encoding metrics.encoding, assumed boolean)
 LANGUAGE sql
 STABLE PARALLEL SAFE
BEGIN ATOMIC
 SELECT e.encoding,
     (e.model = ''::text)
    FROM (metrics.model_encodings e
      CROSS JOIN ( VALUES (lower(COALESCE(model_encoding.model, ''::text))), (regexp_replace(lower(COALESCE(model_encoding.model, ''::text)), '^(.*/)?(ft:)?'::text, ''::text))) named(model))
   WHERE
         CASE
             WHEN e.is_prefix THEN starts_with(named.model, e.model)
             ELSE (named.model = e.model)
         END
   ORDER BY e.is_prefix, (length(e.model)) DESC
  LIMIT 1;
END;
comment on function metrics.model_encoding(text) is 'The encoding for a model by metrics.model_encodings: exact name, else longest prefix, else the default (assumed is true then). Upper and lower case are the same.';

CREATE OR REPLACE FUNCTION metrics.model_usage(filter public.report_filter, split_by text, days integer, duration interval, price_changes timestamp with time zone[])
 RETURNS TABLE(key text, model text, price_period integer, messages bigint, prompt_tokens bigint, completion_tokens bigint, estimated_tokens bigint, counted_tokens bigint, reported_tokens bigint)
 LANGUAGE plpgsql
 STABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
declare
  ledger constant name := metrics.source_schema(filter.source);
begin
  return query execute format(
    $sql$
    select
      %1$s, x.model,
      -- Nothing is charged before it is sent: a row without a time, or ahead of time, counts as of now.
      width_bucket(least(l.created_at, now()), $4),
      sum(l.user_messages + l.ai_messages), sum(l.prompt_tokens), sum(l.completion_tokens),
      sum(case when l.prompt_source in ('estimate', 'kept') then l.prompt_tokens else 0 end)
        + sum(case when l.completion_source in ('estimate', 'kept') then l.completion_tokens else 0 end),
      sum(case l.prompt_source when 'tiktoken' then l.prompt_tokens else 0 end)
        + sum(case l.completion_source when 'tiktoken' then l.completion_tokens else 0 end),
      sum(case l.prompt_source when 'provider' then l.prompt_tokens else 0 end)
        + sum(case l.completion_source when 'provider' then l.completion_tokens else 0 end)
    from public.report_sessions($1) as m
    %2$s
    where l.user_messages + l.ai_messages > 0
    group by 1, 2, 3
    $sql$,
    metrics.split_key(split_by, array['model', 'widget', 'day', 'model_day', 'total']),
    format(
      case when has_column_privilege(format('%I.source_messages', ledger), 'model', 'select') then
        'join %1$I.messages as l on l.session_key = m.session_key '
        'left join %1$I.source_messages as x on x.conversation_id = l.conversation_id'
      else
        'join %1$I.readable_messages as l on l.session_key = m.session_key cross join lateral (select l.model) as x'
      end,
      ledger
    )
  ) using filter, days, duration, price_changes;
end; $function$;
comment on function metrics.model_usage(public.report_filter,text,integer,interval,timestamp with time zone[]) is 'Messages and tokens of a filter''s conversations by a key, by model, and by the stretch between two changes of prices in which they were sent.';

CREATE OR REPLACE FUNCTION metrics.most_sorted()
 RETURNS bigint
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
 SELECT 50000;
END;
comment on function metrics.most_sorted() is 'How many conversations, of the range and the one before, report_response_times has exact percentiles of where rollups can tell them within 1 %: as many as are sorted in about a fifth of a second.';

CREATE OR REPLACE FUNCTION metrics.page_place(after text, sort text, descending boolean, OUT value text, OUT session_key uuid)
 RETURNS record
 LANGUAGE plpgsql
 IMMUTABLE PARALLEL SAFE
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET standard_conforming_strings TO 'on'
AS $function$
declare
  place jsonb;
begin
  if after is null then
    return;
  end if;
  -- What a cursor looks like, so that nothing below can fail on it.
  if after !~ '^\["[a-z_]+", (true|false), (null|"([^"\\]|\\.)*"), "[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"\]$' then
    raise exception 'this is no cursor of report_conversations'
      using errcode = 'invalid_parameter_value', hint = 'Give the column cursor of a page''s last row as it is.';
  end if;
  place := after::jsonb;
  if place ->> 0 <> sort or (place ->> 1)::boolean is distinct from descending then
    raise exception 'this cursor is one of another order: by %, descending: %', place ->> 0, place ->> 1
      using errcode = 'invalid_parameter_value', hint = 'Go on in the order that the first page had.';
  end if;
  value := place ->> 2;
  session_key := (place ->> 3)::uuid;
end; $function$;
comment on function metrics.page_place(text,text,boolean) is 'What a cursor of report_conversations stands for: the sort value and key of the last row seen; NULLs for the first page.';

CREATE OR REPLACE FUNCTION metrics.pair_answers(deltas metrics.session_delta[])
 RETURNS metrics.session_delta[]
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET plan_cache_mode TO 'force_generic_plan'
 SET enable_hashjoin TO 'off'
 SET enable_mergejoin TO 'off'
 SET enable_seqscan TO 'off'
 SET join_collapse_limit TO '8'
 SET from_collapse_limit TO '8'
 SET jit TO 'off'
AS $function$
declare
  paired_deltas metrics.session_delta[];
begin
  if cardinality(deltas) > 128 then
    perform metrics.plan_for_many();
  end if;
  with stretch as materialized (
    select
      delta.session_key,
      coalesce((
        select max(l.created_at) from metrics.messages as l
        where l.session_key = delta.session_key and l.created_at < delta.changed_from
      ), delta.changed_from) as from_time,
      (
        select min(l.created_at) from metrics.messages as l
        where l.session_key = delta.session_key and l.created_at > delta.changed_to
      ) as to_time
    from unnest(deltas) as delta
  ),
  paired as materialized (
    select
      l.conversation_id, l.session_key, l.response_us,
      metrics.is_open(l.user_messages, l.ai_messages)
        -- The last rows of the stretch do not see the row after them.
        and (stretch.to_time is null or l.created_at < stretch.to_time) as is_open,
      case when lead(l.ai_messages) over next_row > 0 and lead(l.user_messages) over next_row = 0 then
        metrics.response_us(nullif(l.created_at, 'infinity'), nullif(lead(l.created_at) over next_row, 'infinity'))
      end as answered_us
    from stretch
    join metrics.messages as l
      on l.session_key = stretch.session_key
      and l.created_at >= stretch.from_time
      and l.created_at <= coalesce(stretch.to_time, 'infinity')
    window next_row as (partition by l.session_key order by l.created_at, l.conversation_id)
  ),
  changed as (
    update metrics.messages as l
    set response_us = paired.answered_us
    from paired
    where l.conversation_id = paired.conversation_id
      and paired.is_open
      and paired.response_us is distinct from paired.answered_us
    returning l.session_key, paired.answered_us, paired.response_us
  ),
  found as (
    select * from unnest(deltas)
    union all
    select
      changed.session_key, 0, 0, 0, 0, 0, 0, 0,
      (changed.answered_us is not null)::integer - (changed.response_us is not null)::integer,
      coalesce(changed.answered_us, 0)::numeric - coalesce(changed.response_us, 0),
      '0', null, null, null, null
    from changed
  ),
  -- By grouping, not by a join: there can be a hundred thousand sessions.
  summed as (
    select row(
      found.session_key, sum(found.message_rows), sum(found.user_messages), sum(found.ai_messages),
      sum(found.prompt_tokens), sum(found.completion_tokens), sum(found.estimated_messages),
      sum(found.open_rows), sum(found.response_count), sum(found.response_us_sum),
      max(found.longest_lag), max(found.removed_end), max(found.added_end), min(found.changed_from), max(found.changed_to)
    )::metrics.session_delta as delta
    from found
    group by found.session_key
  )
  select array_agg(summed.delta) into paired_deltas from summed;
  return paired_deltas;
end; $function$;
comment on function metrics.pair_answers(metrics.session_delta[]) is 'Sets the response time of questions that a following row answers, around the changed rows of each session, and returns the differences with that of the response times added. The caller holds the locks.';

CREATE OR REPLACE FUNCTION metrics.period_series(filter public.report_filter, unit text, first_day date, last_day date)
 RETURNS TABLE(period date, starts_at timestamp with time zone, ends_at timestamp with time zone)
 LANGUAGE plpgsql
 IMMUTABLE PARALLEL SAFE
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
declare
  first_at constant date := coalesce((filter.from_time at time zone filter.time_zone)::date, first_day);
  last_at constant date := coalesce(
    (((filter.to_time at time zone 'UTC') - interval '1 microsecond') at time zone 'UTC' at time zone filter.time_zone)::date,
    last_day
  );
begin
  if not isfinite(filter.from_time) or not isfinite(filter.to_time) then
    return;
  end if;
  if (last_at - first_at) / (case unit when 'day' then 1 when 'week' then 7 else 28 end) > 40000 then
    raise exception 'from % to % are more than 40,000 %s', first_at, last_at, unit
      using errcode = 'invalid_parameter_value', hint = 'Choose a shorter range, or weeks or months. One conversation with a time that cannot be is enough: select * from conversation_metrics order by conversation_start desc.';
  end if;
  return query
  select s.period, greatest(s.starts_at, filter.from_time), least(s.ends_at, filter.to_time)
  from (
    select d.day as period, d.starts_at, lead(d.starts_at) over (order by d.day) as ends_at
    from (
      select at::date as day, metrics.day_start(at::date, filter.time_zone) as starts_at
      from generate_series(date_trunc(unit, first_at::timestamp), last_at + ('1 ' || unit)::interval, ('1 ' || unit)::interval) as at
    ) as d
  ) as s
  where greatest(s.starts_at, filter.from_time) < least(s.ends_at, filter.to_time) and s.ends_at is not null;
end; $function$;
comment on function metrics.period_series(public.report_filter,text,date,date) is 'The days, ISO weeks or months of a filter''s range in its time zone, each cut to the range; where a bound is missing, from the first day given or to the last.';

CREATE OR REPLACE FUNCTION metrics.period_sums(filter public.report_filter, unit text, days integer, duration interval)
 RETURNS TABLE(period date, conversations bigint, user_messages bigint, ai_messages bigint, prompt_tokens bigint, completion_tokens bigint, estimated_messages bigint, leads bigint, rating_count bigint, rating_sum numeric, response_count bigint, response_us_sum numeric, answered_conversations bigint, average_us_sum numeric, timed_conversations bigint, duration_sum interval)
 LANGUAGE plpgsql
 STABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET jit TO 'off'
AS $function$
begin
  return query execute format(
    $sql$
    select
      case $2 when 'all' then null else date_trunc($2, %2$s)::date end,
      sum(p.conversations)::bigint, sum(p.user_messages)::bigint, sum(p.ai_messages)::bigint,
      sum(p.prompt_tokens)::bigint, sum(p.completion_tokens)::bigint, sum(p.estimated_messages)::bigint,
      sum(p.leads)::bigint, sum(p.rating_count)::bigint, sum(p.rating_sum), sum(p.response_count)::bigint,
      sum(p.response_us_sum), sum(p.answered_conversations)::bigint, sum(p.average_us_sum),
      coalesce(sum(p.conversations) filter (where p.at is not null), 0)::bigint,
      sum(p.duration_sum)
    from (%1$s) as p
    group by 1
    $sql$,
    metrics.sums_query(filter, unit, duration),
    -- Most need not be moved, which is most of the time that a report takes.
    case when days = 0 and duration = '0' then 'p.at at time zone ($1).time_zone' else 'metrics.local_time(p.at, $1, $3, $4)' end
  ) using filter, unit, days, duration;
end; $function$;
comment on function metrics.period_sums(public.report_filter,text,integer,interval) is 'Sums over the conversations of a filter by day, week or month of conversation_start, or over all of them. All can be added up.';

CREATE OR REPLACE FUNCTION metrics.person_condition(of_table regclass, email text, user_id text, organization text, no_organization boolean)
 RETURNS text
 LANGUAGE sql
 STABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
BEGIN ATOMIC
 SELECT ((('('::text || COALESCE(string_agg(
         CASE a.attname
             WHEN 'email'::name THEN format('lower(btrim(email::text)) = lower(btrim(%L)) or email::text ~* %L'::text, person_condition.email, metrics.mail_pattern(person_condition.email))
             WHEN 'user_id'::name THEN format('user_id::text = %L'::text, person_condition.user_id)
             ELSE format('%I::text ~* %L'::text, a.attname, metrics.mail_pattern(person_condition.email))
         END, ' or '::text) FILTER (WHERE
         CASE a.attname
             WHEN 'user_id'::name THEN (person_condition.user_id IS NOT NULL)
             ELSE ((person_condition.email IS NOT NULL) AND (a.attname = ANY (ARRAY['email'::name, 'name'::name, 'phone'::name, 'company'::name, 'custom_fields'::name])))
         END), 'false'::text)) || ')'::text) ||
         CASE
             WHEN ((person_condition.organization IS NULL) AND (NOT person_condition.no_organization)) THEN ''::text
             WHEN (NOT COALESCE(bool_or((a.attname = 'organization_id'::name)), false)) THEN
             CASE
                 WHEN person_condition.no_organization THEN ''::text
                 ELSE ' and false'::text
             END
             WHEN person_condition.no_organization THEN ' and organization_id is null'::text
             ELSE format(' and organization_id::text = %L'::text, person_condition.organization)
         END)
    FROM pg_attribute a
   WHERE ((a.attrelid = (person_condition.of_table)::oid) AND (a.attnum > 0) AND (NOT a.attisdropped));
END;
comment on function metrics.person_condition(regclass,text,text,text,boolean) is 'The condition by which a row of conversations, or of leads, is about a person: the address in a column of a lead, or the user''s id.';

CREATE OR REPLACE FUNCTION metrics.person_messages(of_source text, session_keys uuid[], email text, user_id text, organization text, no_organization boolean)
 RETURNS TABLE(ids text[], user_ids text[])
 LANGUAGE plpgsql
 STABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
begin
  -- Every text is read, once: the simple search passes over nearly all of them.
  return query execute format(
    $sql$
    select
      coalesce(array_agg(x.conversation_id::text order by x.conversation_id) filter (
        where (coalesce(x.message, '') <> '' or coalesce(x.response, '') <> '')
          and (
            metrics.session_key(x.organization_id::text, x.session_id::text) = any($1)
            or x.user_id::text in ($3, called.user_id)
            or (strpos(lower(x.message), $6) > 0 and x.message ~* $2)
            or (strpos(lower(x.response), $6) > 0 and x.response ~* $2)
          )
      ), '{}'),
      coalesce(array_agg(distinct called.user_id) filter (where called.user_id <> coalesce($3, '')), '{}')
    from %1$I.source_messages as x
    cross join lateral (
      select case when strpos(lower(x.user_id::text), $6) > 0 and x.user_id::text ~* $2 then x.user_id::text end
    ) as called (user_id)
    where ($4 is null or x.organization_id::text = $4) and (not $5 or x.organization_id is null)
    $sql$,
    metrics.source_schema(of_source)
  ) using session_keys, metrics.mail_pattern(email), user_id, organization, no_organization, lower(btrim(email));
end; $function$;
comment on function metrics.person_messages(text,uuid[],text,text,text,boolean) is 'Ids of the message rows with a text that are a person''s: of these sessions, of the user, or with the e-mail address in them; and the ids of other users that are called by the address.';

CREATE OR REPLACE FUNCTION metrics.person_sessions(of_source text, email text, user_id text, organization text, no_organization boolean)
 RETURNS TABLE(session_keys uuid[], lead_ids text[], named text[])
 LANGUAGE plpgsql
 STABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
declare
  ledger constant name := metrics.source_schema(of_source);
begin
  -- From the source: also a lead that is no session's latest, whose name is in the ledger alone.
  return query execute format(
    $sql$
    with own as (
      select metrics.session_key(l.organization_id::text, l.session_id::text) as session_key, l.lead_id::text as lead_id
      from %1$I.source_leads as l
      where (lower(btrim(l.email)) = lower(btrim($1)) or concat_ws(' ', l.email, l.name, l.company) ~* $2)
        and ($4 is null or l.organization_id::text = $4) and (not $5 or l.organization_id is null)
    ),
    seen as (
      select m.session_key, m.session_id::text ~* $2 as is_named, m.session_id::text as session_id
      from %1$I.session_metrics as m
      where (m.session_id::text ~* $2 or m.user_id::text = $3)
        and ($4 is null or m.organization_id::text = $4) and (not $5 or m.organization_id is null)
    )
    select
      array(select session_key from own union select session_key from seen),
      array(select lead_id from own order by 1),
      array(select session_id from seen where is_named order by 1)
    $sql$,
    ledger
  ) using email, metrics.mail_pattern(email), user_id, organization, no_organization;
end; $function$;
comment on function metrics.person_sessions(text,text,text,text,boolean) is 'The sessions of a person: those with a lead of the address, those of the user, and those that are called by the address (named); and the ids of those leads.';

CREATE OR REPLACE FUNCTION metrics.plan_for_many()
 RETURNS void
 LANGUAGE plpgsql
AS $function$
begin
  perform
    pg_catalog.set_config('plan_cache_mode', 'force_custom_plan', true),
    pg_catalog.set_config('enable_hashjoin', 'on', true),
    pg_catalog.set_config('enable_mergejoin', 'on', true),
    pg_catalog.set_config('enable_seqscan', 'on', true),
    -- Takes longer than the statements themselves.
    pg_catalog.set_config('jit', 'off', true);
end; $function$;
comment on function metrics.plan_for_many() is 'Makes the statements of the calling function be planned for many rows.';

CREATE OR REPLACE FUNCTION metrics.previous_period(filter public.report_filter, OUT filter_before public.report_filter, OUT is_there boolean, OUT days integer, OUT duration interval)
 RETURNS record
 LANGUAGE plpgsql
 IMMUTABLE PARALLEL SAFE
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
declare
  first_day constant date := (filter.from_time at time zone filter.time_zone)::date;
  end_day constant date := (filter.to_time at time zone filter.time_zone)::date;
begin
  filter_before := filter;
  is_there := isfinite(filter.from_time) and isfinite(filter.to_time);
  days := 0;
  duration := interval '0';
  if is_there is not true then
    is_there := false;
    -- None, where NULL would be all.
    filter_before.from_time := 'infinity';
    filter_before.to_time := 'infinity';
    return;
  end if;
  if filter.from_time = metrics.day_start(first_day, filter.time_zone)
    and filter.to_time = metrics.day_start(end_day, filter.time_zone)
  then
    days := end_day - first_day;
    filter_before.from_time := metrics.day_start(first_day - days, filter.time_zone);
  else
    duration := (filter.to_time at time zone 'UTC') - (filter.from_time at time zone 'UTC');
    filter_before.from_time := ((filter.from_time at time zone 'UTC') - duration) at time zone 'UTC';
  end if;
  filter_before.to_time := filter.from_time;
end; $function$;
comment on function metrics.previous_period(public.report_filter) is 'The filter for the period of equal length before: as many whole days of its time zone, or, where its bounds are not the starts of days, the same duration; and what to move a moment of it by to compare it with its like in the period. is_there is false without both bounds; the filter lets nothing through then.';

CREATE OR REPLACE FUNCTION metrics.price_at(model text, at timestamp with time zone, currency text, what_if jsonb)
 RETURNS TABLE(prompt_price numeric, completion_price numeric)
 LANGUAGE sql
 STABLE PARALLEL SAFE
BEGIN ATOMIC
 SELECT p.prompt_price,
     p.completion_price
    FROM (( SELECT true AS supposed,
             rtrim(lower(w.key), '*'::text) AS model,
             (w.key ~~ '%*'::text) AS is_prefix,
             NULL::timestamp with time zone AS valid_from,
             ((w.value ->> 'prompt'::text))::numeric AS prompt_price,
             ((w.value ->> 'completion'::text))::numeric AS completion_price
            FROM jsonb_each(price_at.what_if) w(key, value)
         UNION ALL
          SELECT false,
             m.model,
             m.is_prefix,
             m.valid_from,
             m.prompt_price,
             m.completion_price
            FROM metrics.model_prices m
           WHERE ((m.currency = price_at.currency) AND (m.valid_from <= price_at.at))) p
      CROSS JOIN ( VALUES (lower(COALESCE(price_at.model, ''::text))), (regexp_replace(lower(COALESCE(price_at.model, ''::text)), '^.*/'::text, ''::text))) named(model))
   WHERE
         CASE
             WHEN p.is_prefix THEN starts_with(named.model, p.model)
             ELSE (named.model = p.model)
         END
   ORDER BY p.supposed DESC, p.is_prefix, (length(p.model)) DESC, p.valid_from DESC
  LIMIT 1;
END;
comment on function metrics.price_at(text,timestamp with time zone,text,jsonb) is 'What 1,000,000 tokens of a model cost at a time, by what_if, else by metrics.model_prices: exact name, else longest prefix, each at its latest price of then; no row where it has no price. Upper and lower case are the same.';

CREATE OR REPLACE FUNCTION metrics.quarter_hour(at timestamp with time zone)
 RETURNS timestamp with time zone
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
 SELECT date_bin('00:15:00'::interval, at, '2000-01-01 00:00:00+00'::timestamp with time zone) AS date_bin;
END;
comment on function metrics.quarter_hour(timestamp with time zone) is 'The quarter of an hour that a moment lies in, by its start. Every time zone''s days begin with one since 2012 (metrics.first_rollup).';

CREATE OR REPLACE FUNCTION metrics.rating_counts(filter public.report_filter, ledger name)
 RETURNS TABLE(rating integer, ratings bigint, conversations bigint)
 LANGUAGE plpgsql
 STABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
begin
  return query execute format(
    $sql$
    with rated as materialized (
      select m.session_key, m.rating_sum / m.rating_count as mean
      from public.report_sessions($1) as m
      where m.rating_count > 0
    )
    select
      r.rating,
      coalesce(e.ratings, 0),
      coalesce(c.conversations, 0)
    from generate_series(1, 5) as r (rating)
    left join (
      select round(l.rating)::integer as rating, count(*) as ratings
      from rated as m
      join %I.feedback as l on l.session_key = m.session_key
      where l.rating is not null
      group by 1
    ) as e on e.rating = r.rating
    left join (
      select round(m.mean)::integer as rating, count(*) as conversations from rated as m group by 1
    ) as c on c.rating = r.rating
    $sql$,
    ledger
  ) using filter;
end; $function$;
comment on function metrics.rating_counts(public.report_filter,name) is 'How many ratings of each value, 1 to 5, the conversations of a filter have, and how many of these have it as their rounded mean.';

CREATE OR REPLACE FUNCTION metrics.ratio(part numeric, whole numeric, digits integer)
 RETURNS numeric
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE
RETURN round((part / NULLIF(whole, (0)::numeric)), digits);
comment on function metrics.ratio(numeric,numeric,integer) is 'part / whole, rounded; NULL where the whole is 0.';

CREATE OR REPLACE FUNCTION metrics.read_token_batch(batch bigint, worker text)
 RETURNS TABLE(conversation_id text, version xid, encoding metrics.encoding, encoding_assumed boolean, prompt text, completions text[], prompt_digest text, completion_digest text)
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET plan_cache_mode TO 'force_generic_plan'
 SET enable_hashjoin TO 'off'
 SET enable_mergejoin TO 'off'
 SET enable_seqscan TO 'off'
 SET join_collapse_limit TO '8'
 SET from_collapse_limit TO '8'
 SET jit TO 'off'
AS $function$
declare
  ids metrics.token_batches.conversation_ids%type;
begin
  update metrics.token_batches as b set worker = read_token_batch.worker, read_at = clock_timestamp()
  where b.batch_id = batch
  returning b.conversation_ids into ids;
  return query
    with texts as materialized (
      select
        s.conversation_id, l.xmin as version, s.model, s.message, s.response,
        case when s.role = 'assistant' then s.message end as assistant_message,
        l.prompt_source, l.completion_source, l.encoding as counted_encoding
      from unnest(ids) as id
      join metrics.messages as l on l.conversation_id = id
      join metrics.source_messages as s on s.conversation_id = id
    ),
    models as materialized (
      select named.model, e.encoding, e.assumed
      from (select distinct texts.model from texts) as named
      cross join lateral metrics.model_encoding(named.model) as e
    ),
    sides as (
      select
        texts.*, models.encoding, models.assumed,
        -- Both sides of a row by one encoding: what another one counted is counted again.
        texts.prompt_source = 'estimate'
          or (texts.prompt_source = 'tiktoken' and texts.counted_encoding <> models.encoding) as count_prompt,
        texts.completion_source = 'estimate'
          or (texts.completion_source = 'tiktoken' and texts.counted_encoding <> models.encoding) as count_completion
      from texts
      join models on models.model is not distinct from texts.model
    )
    select
      sides.conversation_id::text, sides.version, sides.encoding, sides.assumed,
      case when sides.count_prompt then sides.message end,
      case when sides.count_completion then array_remove(array[sides.assistant_message, sides.response], null) end,
      case when sides.count_prompt then metrics.text_digest(sides.model, sides.message, null)::text end,
      case when sides.count_completion
        then metrics.text_digest(sides.model, sides.assistant_message, sides.response)::text end
    from sides
    where sides.count_prompt or sides.count_completion;
end; $function$;
comment on function metrics.read_token_batch(bigint,text) is 'The texts of a batch that are still to be counted, for the worker named; prompt or completions NULL for a side that is not. None where the batch or its rows are gone: then the job is done. Version and digests go back unchanged to metrics.write_token_counts.';

CREATE OR REPLACE FUNCTION metrics.reader_checks()
 RETURNS TABLE(check_name text, ok boolean, finding text, cure text)
 LANGUAGE plpgsql
 STABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
declare
  owner constant oid := (select c.relowner from pg_class as c where c.oid = 'metrics.readers'::regclass);
  problem text;
begin
  select string_agg(c.oid::regclass::text, ', ') into problem
  from metrics.attachments as a
  cross join unnest(array['conversation_metrics', 'conversation_metrics_archive', 'messages', 'leads', 'feedback', 'rollups', 'rollup_changes']) as of_table
  join pg_class as c on c.oid = to_regclass(format('%I.%I',
    case when a.name = 'default' and starts_with(of_table, 'conversation_metrics') then 'public' else a.schema_name end, of_table))
  where not c.relrowsecurity or not exists (select from pg_policy as p where p.polrelid = c.oid and p.polname = 'readers');
  if problem is not null then
    return query select 'readers', false, 'no policy keeps organizations apart on ' || problem,
      'select metrics.secure_source(name) from metrics.attachments';
    return;
  end if;

  select string_agg(distinct p.rolname, ', ') into problem
  from metrics.readers as r
  join pg_roles as p on p.oid = r.role
  where p.rolsuper or p.rolbypassrls or pg_has_role(p.oid, owner, 'member');
  if problem is not null then
    return query select 'readers', false, 'roles that no policy binds any more: ' || problem,
      'alter role … nosuperuser nobypassrls, or take the membership in the owner of the metrics away';
  else
    select string_agg(distinct p.rolname, ', ') into problem
    from pg_roles as p
    where exists (
        select from metrics.attachments as a
        where has_any_column_privilege(p.oid, to_regclass(format('%I.conversation_metrics',
          case a.name when 'default' then 'public' else a.schema_name end)), 'select')
      )
      and not p.rolsuper and not p.rolbypassrls and not pg_has_role(p.oid, owner, 'usage')
      -- Such a one may read every table of anybody's.
      and p.rolname <> 'pg_read_all_data' and not pg_has_role(p.oid, 'pg_read_all_data', 'usage')
      and not exists (select from metrics.readers as r where pg_has_role(p.oid, r.role, 'usage'));
    return query select 'readers', true,
      case when problem is null then (
        select case count(distinct r.role) when 0 then 'nobody but the owner' when 1 then '1 role, its organizations'
          else count(distinct r.role) || ' roles, each its organizations' end
        from metrics.readers as r
      ) else 'granted by hand and without an organization, they see no row: ' || problem end,
      case when problem is not null then 'npx conversation-metrics readers grant' end;
  end if;

  return query select 'organizations over HTTP', true,
    case when metrics.api_reader() is null then 'keys of an organization are kept to it by filters alone'
      else format('keys of an organization read as the role %I, which policies keep to it', metrics.api_reader()) end,
    case when metrics.api_reader() is null then 'To have the database keep them apart too: npx conversation-metrics readers api' end;
end; $function$;
comment on function metrics.reader_checks() is 'Checks that policies keep organizations apart, for roles and for the HTTP API. Each finding comes with its cure.';

CREATE OR REPLACE FUNCTION metrics.rebuild_sessions(keys uuid[])
 RETURNS void
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
declare
  entered uuid[];
begin
  entered := metrics.enter_sessions(keys);
  -- Left there by what goes past the locks, a restored dump say; it is derived anew below.
  with left_over as (
    delete from public.conversation_metrics_archive as a using unnest(keys) as key where a.session_key = key
    returning a.conversation_start, a.organization_id
  )
  insert into metrics.rollup_changes (starts_at, organization_id)
  select distinct metrics.quarter_hour(l.conversation_start), l.organization_id::text
  from left_over as l
  where l.conversation_start < clock_timestamp() - metrics.rollup_delay();
  perform metrics.pair_answers(array(
    select row(key, 0, 0, 0, 0, 0, 0, 0, 0, 0, '0', null, null, '-infinity', 'infinity')::metrics.session_delta
    from unnest(keys) as key
  ));
  perform metrics.apply_deltas(
    array(
      select row(
        total.session_key,
        total.message_rows - coalesce(m.message_rows, 0),
        total.user_messages - coalesce(m.user_messages, 0),
        total.ai_messages - coalesce(m.ai_messages, 0),
        total.prompt_tokens - coalesce(m.prompt_tokens, 0),
        total.completion_tokens - coalesce(m.completion_tokens, 0),
        total.estimated_messages - coalesce(m.estimated_messages, 0),
        total.open_rows - coalesce(m.open_rows, 0),
        total.response_count - coalesce(m.response_count, 0),
        total.response_us_sum - coalesce(m.response_us_sum, 0),
        total.longest_lag,
        'infinity',
        null,
        total.changed_from,
        total.changed_to
      )::metrics.session_delta
      from (select distinct key from unnest(keys) as key) as wanted
      cross join lateral metrics.session_total(wanted.key) as total
      left join public.conversation_metrics as m on m.session_key = wanted.key
    ),
    entered
  );
  -- The key and who it stands for never change, but a row may have been tampered with.
  update public.conversation_metrics as m
  set session_id = first.session_id, organization_id = first.organization_id
  from metrics.source_messages as first
  where m.session_key = any(keys)
    and first.conversation_id = m.conversation_id
    and (m.session_id, m.organization_id) is distinct from (first.session_id, first.organization_id);
  perform metrics.apply_extras(keys);
  perform metrics.mark_rollups(keys);
end; $function$;
comment on function metrics.rebuild_sessions(uuid[]) is 'Derives the metrics rows of these sessions from the ledger in full.';

CREATE OR REPLACE FUNCTION metrics.recount_batch(after_id text, batch_size integer, OUT last_id text, OUT rows_seen integer, OUT rows_changed integer)
 RETURNS record
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
declare
  ids metrics.token_batches.conversation_ids%type;
  counted_otherwise metrics.token_batches.conversation_ids%type;
begin
  -- What is being counted was read by the encodings of before: its counts find no batch then, and are dropped.
  if after_id is null then
    delete from metrics.token_batches;
  end if;
  ids := array(
    select l.conversation_id
    from metrics.messages as l
    where after_id is null
      or l.conversation_id > (jsonb_populate_record(null::metrics.messages, jsonb_build_object('conversation_id', after_id))).conversation_id
    order by l.conversation_id
    limit batch_size
  );
  with counted as materialized (
    select l.conversation_id, l.encoding, l.encoding_assumed, s.model
    from unnest(ids) as id
    join metrics.messages as l on l.conversation_id = id
    join metrics.source_messages as s on s.conversation_id = id
    where 'tiktoken' in (l.prompt_source, l.completion_source)
  ),
  models as materialized (
    select named.model, e.encoding, e.assumed
    from (select distinct counted.model from counted) as named
    cross join lateral metrics.model_encoding(named.model) as e
  )
  select coalesce(array_agg(counted.conversation_id), '{}') into counted_otherwise
  from counted
  join models on models.model is not distinct from counted.model
  where (counted.encoding, counted.encoding_assumed) is distinct from (models.encoding, models.assumed);

  if cardinality(counted_otherwise) > 0 then
    -- Locked first, as for every change; without its digest an exact count holds no longer.
    perform metrics.enter_sessions(metrics.sessions_of_messages(counted_otherwise));
    update metrics.messages as l set prompt_digest = null, completion_digest = null
    from unnest(counted_otherwise) as id
    where l.conversation_id = id;
    perform metrics.sync('messages', counted_otherwise);
  end if;
  last_id := ids[cardinality(ids)]::text;
  rows_seen := cardinality(ids);
  rows_changed := cardinality(counted_otherwise);
end; $function$;
comment on function metrics.recount_batch(text,integer) is 'One step after a change of metrics.model_encodings: of up to batch_size ledger rows with ids after after_id (NULL: from the start), those counted with another encoding than their model''s become estimates, and so are counted again. Batches under way are given back, to be counted anew. Returns the last id seen (NULL: done), and how many rows it saw and changed. Safe to stop and repeat.';

CREATE OR REPLACE FUNCTION metrics.repair(max_sessions integer DEFAULT NULL::integer)
 RETURNS SETOF public.conversation_metrics_drift
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
declare
  differences public.conversation_metrics_drift[];
  keys uuid[];
begin
  -- Rows that the mapping fails on, and that nobody has noticed yet.
  perform metrics.sync_all(s.kind) from metrics.sources as s
  where s.is_view and metrics.mapping_error(s.kind) is not null;

  differences := array(
    select d
    from (
      select d, dense_rank() over (order by d.session_key) as session_number
      from public.conversation_metrics_drift as d
    ) as numbered
    where max_sessions is null or session_number <= max_sessions
  );
  keys := array(select distinct (d).session_key from unnest(differences) as d where (d).session_key is not null);

  perform metrics.sync('messages', array(
    select d.conversation_id from metrics.message_drift as d
    where max_sessions is null or d.session_key = any(keys) or d.counted_session_key = any(keys)
  ));
  perform metrics.sync('leads', array(
    select d.lead_id from metrics.lead_drift as d
    where max_sessions is null or d.session_key = any(keys) or d.counted_session_key = any(keys)
  ));
  perform metrics.sync('feedback', array(
    select d.feedback_id from metrics.feedback_drift as d
    where max_sessions is null or d.session_key = any(keys) or d.counted_session_key = any(keys)
  ));
  perform metrics.rebuild_sessions(keys);
  -- Read from the sessions from now on, until they are made anew.
  insert into metrics.rollup_changes (starts_at, organization_id)
  select distinct (d.rollup).starts_at, (d.rollup).organization_id from metrics.rollup_drift() as d;
  return query select * from unnest(differences);
end; $function$;
comment on function metrics.repair(integer) is 'Heals what conversation_metrics_drift finds, in at most max_sessions sessions (NULL: all), and returns what it found there. Rollups that differ are made anew. Blocks no writer but those of the sessions it heals.';

CREATE OR REPLACE FUNCTION metrics.repeated_ids()
 RETURNS text
 LANGUAGE plpgsql
 STABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
declare
  source record;
  number bigint;
  repeated text;
begin
  for source in
    select s.kind, s.relation, metrics.id_column(s.kind) as id_column
    from metrics.sources as s
    where s.is_view or not metrics.id_is_unique(s.relation)
    order by s.kind
  loop
    execute format(
      'select count(*) from (select from metrics.%1$I group by %2$I having count(*) > 1) as repeated',
      'source_' || source.kind, source.id_column
    ) into number;
    if number > 0 then
      repeated := concat_ws(', ', repeated, format('%s in %s', number, source.relation));
    end if;
  end loop;
  return repeated;
end; $function$;
comment on function metrics.repeated_ids() is 'How many ids name more than one row, where no index keeps them from it; NULL where none does.';

CREATE OR REPLACE FUNCTION metrics.report_functions()
 RETURNS TABLE(oid oid, is_for_readers boolean)
 LANGUAGE sql
 STABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
  select p.oid, p.proname not in ('report_functions', 'drop_reports', 'close_report_privileges', 'grant_reports')
  from pg_proc as p
  where (
      p.pronamespace = 'public'::regnamespace
      and (p.proname = 'report_filter' or to_regtype('public.report_filter') = p.proargtypes[0])
      and p.proname in (
        'report_filter', 'report_sessions', 'report_summary', 'report_conversations', 'report_tokens', 'report_model_days',
        'report_leads',
        'report_satisfaction', 'report_response_times', 'report_hours', 'report_daily', 'report_weekly', 'report_monthly'
      )
    )
    or (
      p.pronamespace = 'metrics'::regnamespace
      and p.proname in (
        'checked_filter', 'known_zone', 'source_schema', 'day_start', 'previous_period', 'local_time', 'period_series',
        'longest_rollup', 'rolled_query', 'sums_query', 'times_query', 'period_sums', 'ratio', 'report_periods', 'hour_sums', 'time_percentiles', 'rolled_percentiles', 'most_sorted', 'rating_counts', 'sort_type',
        'page_place', 'price_at', 'checked_prices', 'split_key', 'model_usage', 'token_costs', 'report_keys', 'lead_sums',
        'report_functions', 'drop_reports', 'close_report_privileges', 'grant_reports'
      )
    );
$function$;
comment on function metrics.report_functions() is 'The functions of the reports, in public and metrics; is_for_readers: those that somebody who reads reports needs.';

CREATE OR REPLACE FUNCTION metrics.report_keys(filter public.report_filter, split_by text, found_keys text[])
 RETURNS TABLE(key text)
 LANGUAGE sql
 STABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
BEGIN ATOMIC
 SELECT k.key
    FROM unnest(report_keys.found_keys) k(key)
 UNION
  SELECT (s.period)::text AS period
    FROM metrics.period_series(report_keys.filter, 'day'::text, ( SELECT min((k.key)::date) AS min
            FROM unnest(report_keys.found_keys) k(key)
           WHERE (report_keys.split_by = 'day'::text)), ( SELECT max((k.key)::date) AS max
            FROM unnest(report_keys.found_keys) k(key)
           WHERE (report_keys.split_by = 'day'::text))) s(period, starts_at, ends_at)
   WHERE (report_keys.split_by = 'day'::text)
 UNION
  SELECT NULL::text
   WHERE (report_keys.split_by = 'total'::text);
END;
comment on function metrics.report_keys(public.report_filter,text,text[]) is 'The keys of a report''s rows: those found, by day also the empty ones, and for the total the one that there is.';

CREATE OR REPLACE FUNCTION metrics.report_periods(filter public.report_filter, unit text)
 RETURNS TABLE(period date, starts_at timestamp with time zone, ends_at timestamp with time zone, conversations bigint, messages bigint, user_messages bigint, ai_messages bigint, total_tokens bigint, prompt_tokens bigint, completion_tokens bigint, estimated_messages bigint, leads bigint, conversion_rate numeric, ratings bigint, average_satisfaction numeric, average_messages numeric, average_tokens numeric, average_response_time numeric, average_duration numeric, previous_conversations bigint, previous_messages bigint, previous_total_tokens bigint, previous_leads bigint, previous_conversion_rate numeric, previous_average_satisfaction numeric, previous_average_response_time numeric)
 LANGUAGE plpgsql
 STABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET plan_cache_mode TO 'force_generic_plan'
 SET jit TO 'off'
AS $function$
#variable_conflict use_column
declare
  f constant public.report_filter := metrics.checked_filter(filter);
  before constant record := metrics.previous_period(f);
begin
  perform metrics.source_schema(f.source);
  return query
  with sums as materialized (
    select * from metrics.period_sums(f, unit, 0, interval '0')
  ),
  sums_before as materialized (
    select * from metrics.period_sums(before.filter_before, unit, before.days, before.duration)
  ),
  reach as (
    select min(s.period) as first_day, max(s.period) as last_day from sums as s
  ),
  series as (
    select s.period, s.starts_at, s.ends_at
    from reach cross join lateral metrics.period_series(f, unit, reach.first_day, reach.last_day) as s
    union all
    -- Conversations whose start nobody knows.
    select null, null, null from sums as s where s.period is null
  )
  select
    t.period, t.starts_at, t.ends_at,
    coalesce(c.conversations, 0),
    coalesce(c.user_messages + c.ai_messages, 0),
    coalesce(c.user_messages, 0),
    coalesce(c.ai_messages, 0),
    coalesce(c.prompt_tokens + c.completion_tokens, 0),
    coalesce(c.prompt_tokens, 0),
    coalesce(c.completion_tokens, 0),
    coalesce(c.estimated_messages, 0),
    coalesce(c.leads, 0),
    metrics.ratio(c.leads, c.conversations, 4),
    coalesce(c.rating_count, 0),
    metrics.ratio(c.rating_sum, c.rating_count, 4),
    metrics.ratio(c.user_messages + c.ai_messages, c.conversations, 4),
    metrics.ratio(c.prompt_tokens + c.completion_tokens, c.conversations, 4),
    metrics.ratio(c.response_us_sum, c.response_count * 1000000::numeric, 6),
    metrics.ratio(extract(epoch from c.duration_sum), c.timed_conversations, 6),
    case when before.is_there then coalesce(p.conversations, 0) end,
    case when before.is_there then coalesce(p.user_messages + p.ai_messages, 0) end,
    case when before.is_there then coalesce(p.prompt_tokens + p.completion_tokens, 0) end,
    case when before.is_there then coalesce(p.leads, 0) end,
    metrics.ratio(p.leads, p.conversations, 4),
    metrics.ratio(p.rating_sum, p.rating_count, 4),
    metrics.ratio(p.response_us_sum, p.response_count * 1000000::numeric, 6)
  from series as t
  left join sums as c on coalesce(c.period, 'infinity') = coalesce(t.period, 'infinity')
  left join sums_before as p on p.period = t.period
  order by t.period;
end; $function$;
comment on function metrics.report_periods(public.report_filter,text) is 'The rows of report_daily, report_weekly and report_monthly (unit day, week, month).';

CREATE OR REPLACE FUNCTION metrics.require_current_snapshot()
 RETURNS void
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
declare
  first_unseen constant xid8 := pg_snapshot_xmax(pg_current_snapshot());
  own constant xid8 := pg_current_xact_id();
  is_current boolean := false;
begin
  if current_setting('transaction_isolation') in ('read committed', 'read uncommitted') then
    return;
  end if;
  -- Nobody was under way at the snapshot, and nobody has begun since.
  if own = first_unseen and pg_snapshot_xmin(pg_current_snapshot()) = first_unseen then
    begin
      -- Tells of the next transaction only where there is one.
      perform pg_xact_status((own::text::numeric + 1)::text::xid8);
    exception when invalid_parameter_value then
      is_current := true;
    end;
  end if;
  if not is_current then
    raise exception 'could not serialize access: rows may have been written since this transaction began'
      using errcode = 'serialization_failure',
        hint = 'Make TRUNCATE the first statement of its transaction, or use READ COMMITTED.';
  end if;
end; $function$;
comment on function metrics.require_current_snapshot() is 'Raises 40001 in a REPEATABLE READ or SERIALIZABLE transaction whose snapshot does not show what another one under way, or begun since, may have written: TRUNCATE removes also rows that such a snapshot does not show.';

CREATE OR REPLACE FUNCTION metrics.response_us(asked_at timestamp with time zone, answered_at timestamp with time zone)
 RETURNS bigint
 LANGUAGE sql
 STABLE PARALLEL SAFE
RETURN CASE WHEN (answered_at <= asked_at) THEN (0)::bigint ELSE (((1000000)::numeric * EXTRACT(epoch FROM (answered_at - asked_at))))::bigint END;
comment on function metrics.response_us(timestamp with time zone,timestamp with time zone) is 'Response time in microseconds: 0 where the clocks run backwards, NULL where either time is NULL. Neither may be infinite.';

CREATE OR REPLACE FUNCTION metrics.restore_sessions(keys uuid[])
 RETURNS integer
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
declare
  columns constant text := (
    select string_agg(quote_ident(a.attname), ', ' order by a.attnum)
    from pg_attribute as a
    where a.attrelid = 'public.conversation_metrics'::regclass and a.attnum > 0 and not a.attisdropped and a.attgenerated = ''
  );
  restored integer;
begin
  execute format(
    $sql$
    with moved as (
      delete from public.conversation_metrics_archive as a using unnest($1) as key where a.session_key = key returning a.*
    ),
    added as (
      insert into public.conversation_metrics (%1$s) select %1$s from moved order by session_key
      -- There only where something went past the locks, a restored dump say: no write may fail on it.
      on conflict do nothing
    )
    update metrics.sessions as s set is_archived = false from moved where s.session_key = moved.session_key
    $sql$,
    columns
  ) using keys;
  get diagnostics restored = row_count;
  return restored;
end; $function$;
comment on function metrics.restore_sessions(uuid[]) is 'Brings the metrics rows of these sessions back from the archive, and returns how many. The caller has locked the sessions in metrics.sessions.';

CREATE OR REPLACE FUNCTION metrics.retry_failed_rows()
 RETURNS integer
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
declare
  waiting record;
  failed integer;
  still_failing integer := 0;
begin
  for waiting in
    select f.kind, array_agg(f.row_id) as ids from metrics.failed_rows as f group by f.kind
  loop
    execute format(
      'select metrics.sync_each($1, $2::%s[])',
      metrics.column_type(('metrics.source_' || waiting.kind)::regclass, metrics.id_column(waiting.kind))
    )
    into failed using waiting.kind, waiting.ids;
    still_failing := still_failing + failed;
  end loop;
  return still_failing;
end; $function$;
comment on function metrics.retry_failed_rows() is 'Counts the rows of metrics.failed_rows whose mapping works now; returns how many still fail.';

CREATE OR REPLACE FUNCTION metrics.revoke_reader(from_role name)
 RETURNS void
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
declare
  target record;
begin
  if to_regrole(quote_ident(from_role)) is null then
    raise exception 'there is no role named %', quote_ident(from_role)
      using errcode = 'undefined_object', hint = 'Who reads what: npx conversation-metrics readers';
  end if;
  delete from metrics.readers as r where r.role = quote_ident(from_role)::regrole;
  execute format('revoke all on public.all_conversation_metrics from %I', from_role);
  for target in
    select r.oid::regprocedure as signature from metrics.report_functions() as r
  loop
    execute format('revoke all on function %s from %I', target.signature, from_role);
  end loop;
  for target in
    select 'metrics' as ledger, null as home
    union
    select a.schema_name, case a.name when 'default' then 'public' else a.schema_name end from metrics.attachments as a
  loop
    execute format('revoke all on all tables in schema %I from %I', target.ledger, from_role);
    execute format('revoke all on all functions in schema %I from %I', target.ledger, from_role);
    execute format('revoke all on schema %I from %I', target.ledger, from_role);
    if target.home is not null then
      execute format('revoke all on %1$I.conversation_metrics, %1$I.conversation_metrics_archive, %1$I.conversation_metrics_drift from %2$I',
        target.home, from_role);
    end if;
  end loop;
end; $function$;
comment on function metrics.revoke_reader(name) is 'Takes from a role all that it may read of ours, also what was granted by hand.';

CREATE OR REPLACE FUNCTION metrics.roll_up(max_sessions integer DEFAULT 100000, OUT remade integer, OUT built_to timestamp with time zone, OUT is_done boolean)
 RETURNS record
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET jit TO 'off'
AS $function$
declare
  max_quarters constant integer := 1000;
  changed metrics.rollup_changes[];
  state metrics.rollup_state;
  next_closing timestamptz;
  chunk_from timestamptz;
  chunk_to timestamptz;
  first_start timestamptz;
  last_start timestamptz;
  sessions bigint;
  quarters bigint;
begin
  remade := 0;
  is_done := true;
  if not pg_try_advisory_xact_lock(hashtextextended('metrics.rollups', 0)) then
    return;
  end if;

  with seen as (
    delete from metrics.rollup_resets returning true
  ),
  emptied as (
    delete from metrics.rollups where exists (select from seen)
  )
  update metrics.rollup_state as s set built_to = '-infinity' where exists (select from seen);

  select s.* into state from metrics.rollup_state as s;
  if state.closing_xid < pg_snapshot_xmin(pg_current_snapshot()) then
    state.closed_to := state.closing_to;
    state.closing_xid := null;
  end if;
  -- By the time at which this transaction began, which was before it got its number. A number ahead of
  -- ours is of the server that a dump was taken from.
  next_closing := metrics.quarter_hour(now() - metrics.rollup_delay() - interval '30 minutes');
  if next_closing > state.closed_to and coalesce(state.closing_xid > pg_current_xact_id(), true) then
    state.closing_to := next_closing;
    state.closing_xid := pg_current_xact_id();
  end if;
  update metrics.rollup_state as s
  set closed_to = state.closed_to, closing_to = state.closing_to, closing_xid = state.closing_xid;

  with taken as (
    delete from metrics.rollup_changes as c
    where c.starts_at in (
        select e.starts_at from metrics.rollup_changes as e
        where e.starts_at >= metrics.first_rollup() and e.starts_at < state.built_to
        group by e.starts_at order by e.starts_at desc limit max_quarters
      )
      -- There is no rollup yet that could be out of date.
      or c.starts_at >= state.built_to
      or c.starts_at < metrics.first_rollup()
    returning c.*
  ),
  outdated as (
    select t.* from taken as t where t.starts_at >= metrics.first_rollup() and t.starts_at < state.built_to
  )
  select
    array(select distinct row(o.starts_at, o.organization_id)::metrics.rollup_changes from outdated as o),
    (select count(distinct o.starts_at) from outdated as o)
  into changed, quarters;
  remade := cardinality(changed);
  chunk_from := greatest(state.built_to, metrics.first_rollup());
  chunk_to := chunk_from;

  if state.built_to < state.closed_to then
    -- As far as so many sessions reach, and over at least one quarter of an hour.
    select min(ahead.conversation_start), max(ahead.conversation_start), count(*)
    into first_start, last_start, sessions
    from (
      select m.conversation_start from metrics.session_metrics as m
      where m.conversation_start >= chunk_from and m.conversation_start < state.closed_to
      order by m.conversation_start
      limit max_sessions
    ) as ahead;
    chunk_to := case
      when sessions < max_sessions then state.closed_to
      else greatest(metrics.quarter_hour(last_start), metrics.quarter_hour(first_start) + interval '15 minutes')
    end;
    update metrics.rollup_state as s set built_to = chunk_to;
    state.built_to := chunk_to;
  end if;
  perform metrics.make_rollups(15, changed, chunk_from, chunk_to);
  perform metrics.make_rollups(60, changed, chunk_from, chunk_to);
  perform metrics.make_days(changed, chunk_from, chunk_to);

  is_done := state.built_to = state.closed_to and quarters < max_quarters;
  built_to := state.built_to;
  if is_done then
    update metrics.rollup_state as s set rolled_up_at = clock_timestamp();
  end if;
end; $function$;
comment on function metrics.roll_up(integer) is 'Brings metrics.rollups up to date: makes anew what rollup_changes names, then goes on where it had come to, over about max_sessions sessions. Returns how many rollups it made anew, up to which conversation_start there are any, and whether nothing is left to do at present. Waits for nobody but a TRUNCATE under way, and no writer for it. The worker calls it every minute; without one, any scheduler may.';

CREATE OR REPLACE FUNCTION metrics.rolled_percentiles(filter public.report_filter)
 RETURNS TABLE(measure text, count bigint, average double precision, percentiles double precision[])
 LANGUAGE plpgsql
 STABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET jit TO 'off'
AS $function$
begin
  return query execute format(
    $sql$
    with bins as materialized (
      select (p.bin >> 32) / 10000 as measure, metrics.bin_us(p.bin) as us, sum(p.number) as number
      from (%s) as p
      group by p.bin
    ),
    ranked as materialized (
      select b.measure, b.us, sum(b.number) over (partition by b.measure order by b.us) as up_to from bins as b
    )
    select
      m.name, coalesce(m.count, 0), m.average::double precision,
      array(
        select lower.us + (upper.us - lower.us) * (place.at - floor(place.at))
        from unnest(array[0.5, 0.9, 0.95, 0.99]::double precision[]) with ordinality as f (fraction, number)
        cross join lateral (select f.fraction * (m.count - 1) as at) as place
        cross join lateral (
          select min(r.us) as us from ranked as r where r.measure = m.number and r.up_to > floor(place.at)
        ) as lower
        cross join lateral (
          select min(r.us) as us from ranked as r where r.measure = m.number and r.up_to > ceil(place.at)
        ) as upper
        order by f.number
      )
    from (select) as one_row
    -- Without a row where there is no conversation.
    left join metrics.period_sums($1, 'all', 0, '0') as s on true
    cross join lateral (
      values
        (1, 'answer', s.response_count, s.response_us_sum / nullif(s.response_count, 0)),
        (2, 'conversation', s.answered_conversations, s.average_us_sum / nullif(s.answered_conversations, 0)),
        (3, 'duration', s.timed_conversations, extract(epoch from s.duration_sum) * 1000000 / nullif(s.timed_conversations, 0))
    ) as m (number, name, count, average)
    $sql$,
    metrics.times_query(filter)
  ) using filter;
end; $function$;
comment on function metrics.rolled_percentiles(public.report_filter) is 'As metrics.time_percentiles, of what metrics.times_query can tell: count and mean as exact, percentiles at most a hundredth away.';

CREATE OR REPLACE FUNCTION metrics.rolled_query(filter public.report_filter, unit text, shift interval, shortest integer, rolled text, live text)
 RETURNS text
 LANGUAGE plpgsql
 STABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET "DateStyle" TO 'ISO, YMD'
AS $function$
declare
  home constant name := metrics.source_schema(filter.source);
  within constant text := ' where o.minutes = %s and o.starts_at >= %s and o.starts_at < %s';
  one_tenant constant text := case
    when filter.organization is not null then ' and hashtextextended(coalesce(o.organization_id, ''''), 0) = '
      'hashtextextended(($1).organization, 0) and o.organization_id = ($1).organization'
    when filter.no_organization then
      ' and hashtextextended(coalesce(o.organization_id, ''''), 0) = hashtextextended('''', 0) and o.organization_id is null'
    else ''
  end;
  one_widget constant text := case
    when filter.widget is null then ' and o.all_widgets' else ' and not o.all_widgets and o.widget_id = ($1).widget'
  end;
  -- "is true" keeps it from becoming a join: by what changed in a hash, however much.
  out_of_date constant text :=
    ' and ((%2$s, %3$s, coalesce(%1$s.organization_id, ''''), %1$s.organization_id is null) in (table changed)) is %4$s';
  rolled_from timestamptz;
  rolled_to timestamptz;
  changed_spans bigint;
  spans smallint[];
  span smallint;
  span_from timestamptz;
  span_to timestamptz;
  longer smallint;
  longer_from timestamptz;
  longer_to timestamptz;
  kept text := one_tenant || one_widget;
  parts text[];
begin
  -- Any other field tells sessions of one rollup apart; so did this zone's clocks hours, at a minute past midnight.
  if (unit = 'hour' and filter.time_zone ilike '%antarctica/casey')
    or jsonb_strip_nulls(to_jsonb(filter))
      - array['source', 'organization', 'no_organization', 'widget', 'from_time', 'to_time', 'time_zone'] <> '{}'
    or shift <> date_bin(make_interval(mins => shortest), '2000-01-01'::timestamp + shift, '2000-01-01') - '2000-01-01'::timestamp
  then
    return null;
  end if;
  execute format(
    'select s.built_to from %1$I.rollup_state as s where not exists (select from %1$I.rollup_resets)', home
  ) into rolled_to;
  rolled_from := greatest(
    metrics.rollup_start(filter.from_time + make_interval(mins => shortest) - interval '1 microsecond', shortest),
    metrics.first_rollup()
  );
  -- None after a reset: least() would pass over that.
  rolled_to := case when rolled_to is not null then metrics.rollup_start(least(filter.to_time, rolled_to), shortest) end;
  if rolled_to is null or rolled_from >= rolled_to then
    return null;
  end if;

  execute format(
    'select count(distinct metrics.rollup_start(o.starts_at, %s)) from %I.rollup_changes as o '
      'where o.starts_at >= %L and o.starts_at < %L %s',
    shortest, home, rolled_from, rolled_to, one_tenant
  ) into changed_spans using filter;
  if changed_spans > extract(epoch from rolled_to - rolled_from) / (60 * shortest) / 4 then
    return null;
  end if;
  select array_agg(s order by s desc) into spans
  from unnest('{15, 60, 1440}'::smallint[]) as s
  where s >= shortest and s <= metrics.longest_rollup(unit, filter.time_zone, rolled_from, rolled_to, shift);
  if changed_spans > 0 then
    kept := kept || format(out_of_date, 'o', 'o.minutes', 'o.starts_at', 'not true');
  end if;

  foreach span in array spans loop
    span_from := metrics.rollup_start(rolled_from + make_interval(mins => span) - interval '1 microsecond', span);
    span_to := metrics.rollup_start(rolled_to, span);
    continue when span_from >= span_to;
    if longer is null then
      parts := parts || (rolled || format(within, span, quote_literal(span_from), quote_literal(span_to)) || kept);
    else
      -- At the ends, where no longer one fits.
      if span_from < longer_from then
        parts := parts || (rolled || format(within, span, quote_literal(span_from), quote_literal(longer_from)) || kept);
      end if;
      if longer_to < span_to then
        parts := parts || (rolled || format(within, span, quote_literal(longer_to), quote_literal(span_to)) || kept);
      end if;
      if changed_spans > 0 then
        parts := parts || (
          format(
            'select s.* from (select distinct c.starts_at from changed as c '
              'where c.minutes = %s and c.starts_at >= %L and c.starts_at < %L) as c cross join lateral (',
            longer, longer_from, longer_to
          )
          || rolled || format(within, span, 'c.starts_at', format('c.starts_at + interval ''%s minutes''', longer))
          || kept || format(out_of_date, 'o', longer || '::smallint', 'c.starts_at', 'true')
          -- An OFFSET, so that each is looked up by index.
          || ' offset 0) as s'
        );
      end if;
    end if;
    longer := span;
    longer_from := span_from;
    longer_to := span_to;
  end loop;
  if changed_spans > 0 then
    parts := parts || (
      'select s.* from (select distinct c.starts_at from changed as c where c.minutes = ' || shortest || ') as c cross join lateral ('
      || format(
        live,
        'm.conversation_start >= c.starts_at and m.conversation_start < c.starts_at + interval ''' || shortest || ' minutes'''
        || format(out_of_date, 'm', shortest || '::smallint', 'c.starts_at', 'true')
      )
      || ' offset 0) as s'
    );
  end if;
  if filter.from_time is null or filter.from_time < rolled_from then
    parts := parts || format(live, 'm.conversation_start < ' || quote_literal(rolled_from));
  end if;
  if filter.to_time is null or filter.to_time > rolled_to then
    parts := parts || format(live, 'm.conversation_start >= ' || quote_literal(rolled_to));
  end if;
  if filter.from_time is null and filter.to_time is null then
    parts := parts || format(live, 'm.conversation_start is null');
  end if;

  return case when changed_spans = 0 then '' else format(
    $sql$
    with changed as materialized (
      select distinct s.minutes, metrics.rollup_start(o.starts_at, s.minutes) as starts_at,
        coalesce(o.organization_id, '') as organization, o.organization_id is null as has_none
      from %I.rollup_changes as o
      cross join unnest(%L::smallint[]) as s (minutes)
      where o.starts_at >= %L and o.starts_at < %L %s
    )
    $sql$,
    home, spans, rolled_from, rolled_to, one_tenant
  ) end || array_to_string(parts, ' union all ');
end; $function$;
comment on function metrics.rolled_query(public.report_filter,text,interval,integer,text,text) is 'The text of a query of what can be added up further over the conversations of the filter $1: of rollups (rolled: select … from rollups as o) that lie within one unit (hour, day, week, month, all) and are not shorter than shortest (minutes), and of the sessions that are in none (live: select … from report_sessions($1) as m where %1$s). NULL where the sessions are better read alone. shift is what their times will be moved by: only whole rollups stay together.';

CREATE OR REPLACE FUNCTION metrics.rollup_delay()
 RETURNS interval
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
 SELECT '01:00:00'::interval AS "interval";
END;
comment on function metrics.rollup_delay() is 'How old a session''s start must be for a change of it to be noted in rollup_changes. What is younger is in no rollup yet: metrics.roll_up stays behind by half an hour more, for clocks that are put back.';

CREATE OR REPLACE FUNCTION metrics.rollup_drift(from_time timestamp with time zone DEFAULT '-infinity'::timestamp with time zone, to_time timestamp with time zone DEFAULT 'infinity'::timestamp with time zone)
 RETURNS TABLE(side text, rollup metrics.rollups)
 LANGUAGE sql
 STABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET jit TO 'off'
AS $function$
  with built as (
    select
      span.minutes,
      metrics.rollup_start(
        greatest(from_time, metrics.first_rollup()) + make_interval(mins => span.minutes) - interval '1 microsecond', span.minutes
      ) as from_time,
      metrics.rollup_start(least(to_time, s.built_to), span.minutes) as to_time
    from metrics.rollup_state as s
    cross join unnest('{15, 60, 1440}'::integer[]) as span (minutes)
    where not exists (select from metrics.rollup_resets)
  ),
  from_sessions as materialized (
    select m as rollup
    from built
    cross join lateral metrics.session_sums(built.from_time, built.to_time, built.minutes) as m
    where built.minutes < 1440
  ),
  days as (
    select array_agg(h.rollup) as hours
    from from_sessions as h
    join built on built.minutes = 1440
    where (h.rollup).minutes = 60 and (h.rollup).starts_at >= built.from_time and (h.rollup).starts_at < built.to_time
    group by metrics.rollup_start((h.rollup).starts_at, 1440), (h.rollup).organization_id, (h.rollup).widget_id,
      (h.rollup).all_widgets
  ),
  meant as materialized (
    select (s.rollup).* from from_sessions as s
    union all
    select d.* from days cross join lateral metrics.sum_rollups(1440, days.hours) as d
  ),
  kept as materialized (
    select r.*
    from built
    join metrics.rollups as r on r.minutes = built.minutes and r.starts_at >= built.from_time and r.starts_at < built.to_time
  ),
  changed as materialized (
    select distinct built.minutes, metrics.rollup_start(c.starts_at, built.minutes) as starts_at, c.organization_id
    from built
    cross join metrics.rollup_changes as c
  ),
  different as (
    select 'meant' as side, row(m.*)::metrics.rollups as rollup from (table meant except all table kept) as m
    union all
    select 'kept', row(k.*)::metrics.rollups from (table kept except all table meant) as k
  )
  select d.side, d.rollup
  from different as d
  where not exists (
    select from changed as c
    where c.minutes = (d.rollup).minutes and c.starts_at = (d.rollup).starts_at
      and c.organization_id is not distinct from (d.rollup).organization_id
  )
$function$;
comment on function metrics.rollup_drift(timestamp with time zone,timestamp with time zone) is 'Rollups that are not what the sessions add up to (kept), and what they should be (meant), of those that metrics.rollup_changes does not name. No rows: the reports are right.';

CREATE OR REPLACE FUNCTION metrics.rollup_start(at timestamp with time zone, minutes integer)
 RETURNS timestamp with time zone
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
 SELECT date_bin(make_interval(mins => minutes), at, '2000-01-01 00:00:00+00'::timestamp with time zone) AS date_bin;
END;
comment on function metrics.rollup_start(timestamp with time zone,integer) is 'The start of the rollup of so many minutes that a moment lies in: a quarter of an hour, an hour, a day (UTC).';

CREATE OR REPLACE FUNCTION metrics.row_lag(created_at timestamp with time zone, ended_at timestamp with time zone)
 RETURNS interval
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE
RETURN COALESCE((ended_at - NULLIF(created_at, 'infinity'::timestamp with time zone)), '00:00:00'::interval);
comment on function metrics.row_lag(timestamp with time zone,timestamp with time zone) is 'How long after its creation a row ends; 0 where unknown.';

CREATE OR REPLACE FUNCTION metrics.rows_left_out()
 RETURNS bigint
 LANGUAGE plpgsql
 STABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
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
end; $function$;
comment on function metrics.rows_left_out() is 'How many message rows the mapping leaves out: those without an id or a session id.';

CREATE OR REPLACE FUNCTION metrics.sample_drift(sample integer)
 RETURNS bigint
 LANGUAGE sql
 STABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
BEGIN ATOMIC
 SELECT count(*) AS count
    FROM metrics.session_drift(ARRAY( SELECT m.session_key
            FROM public.conversation_metrics m
           ORDER BY m.conversation_id DESC
          LIMIT sample_drift.sample), ARRAY( SELECT s.conversation_id
            FROM metrics.source_messages s
           ORDER BY s.conversation_id DESC
          LIMIT sample_drift.sample)) session_drift(session_key, column_name);
END;
comment on function metrics.sample_drift(integer) is 'How many differences there are between source, ledger and metrics in the newest sessions and message rows.';

CREATE OR REPLACE FUNCTION metrics.scans_table(query text, of_table regclass)
 RETURNS boolean
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET enable_seqscan TO 'off'
 SET join_collapse_limit TO '8'
 SET from_collapse_limit TO '8'
 SET jit TO 'off'
 SET enable_hashjoin TO 'off'
 SET enable_mergejoin TO 'off'
AS $function$
declare
  plan json;
begin
  execute 'explain (format json) ' || query into plan;
  return jsonb_path_exists(
    plan::jsonb,
    -- By an index without a condition, or with one that nearly all rows meet: from end to end as well.
    '$.** ? (@."Relation Name" == $name && (@."Node Type" == "Seq Scan"
      || !exists(@."Index Cond") && !exists(@."Recheck Cond") && @."Node Type" like_regex "Scan$"
      || @."Index Cond" like_regex "^[(][^()]+ IS NOT NULL[)]$"
      || @."Recheck Cond" like_regex "^[(][^()]+ IS NOT NULL[)]$"))',
    jsonb_build_object('name', (select c.relname from pg_class as c where c.oid = of_table))
  );
end; $function$;
comment on function metrics.scans_table(text,regclass) is 'Whether a query has no other way than to read a table from end to end.';

CREATE OR REPLACE FUNCTION metrics.scope_condition(of_source text, organization text)
 RETURNS text
 LANGUAGE sql
 STABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
RETURN format('
  (select coalesce(bool_or(s.is_all), false) from metrics.own_scopes as s where s.source is null or s.source = %1$L)
  or (%2$s)::text in (
    select s.organization_id from metrics.own_scopes as s
    where s.organization_id is not null and (s.source is null or s.source = %1$L)
  )
  or (
    %2$s is null
    and (select coalesce(bool_or(s.is_none), false) from metrics.own_scopes as s where s.source is null or s.source = %1$L)
  )
  '::text, of_source, organization);
comment on function metrics.scope_condition(text,text) is 'The condition, as SQL, under which a row of a source with this organization (an expression) is for the role that asks.';

CREATE OR REPLACE FUNCTION metrics.secure_source(of_source text)
 RETURNS void
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET client_min_messages TO 'warning'
AS $function$
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
end; $function$;
comment on function metrics.secure_source(text) is 'Makes the tables of a source, and what it shows of the application''s messages, show readers the rows of their organizations alone. Safe to repeat.';

CREATE OR REPLACE FUNCTION metrics.secure_table(of_table regclass, organization_column name DEFAULT NULL::name)
 RETURNS void
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET client_min_messages TO 'warning'
AS $function$
declare
  source constant metrics.attachments := (
    select a from metrics.attachments as a
    join pg_class as c on c.oid = of_table
    where c.relnamespace in (quote_ident(a.schema_name)::regnamespace, case a.name when 'default' then 'public'::regnamespace end)
  );
begin
  if source.name is null then
    raise exception 'table % belongs to no source', of_table
      using errcode = 'invalid_parameter_value', hint = 'A table of a source is in its schema: select * from metrics.attachments.';
  end if;
  execute format('alter table %s enable row level security', of_table);
  execute format('drop policy if exists readers on %s', of_table);
  execute format('create policy readers on %s for select using (%s)', of_table,
    case when organization_column is not null then
      metrics.scope_condition(source.name, format('%I', organization_column))
    else format(
      -- The policies of both tables of sessions hold in there as well.
      '(select coalesce(bool_or(s.is_all), false) from metrics.own_scopes as s where s.source is null or s.source = %L) '
      'or exists (select from %I.session_metrics as m where m.session_key = %s.session_key)',
      source.name, source.schema_name,
      (select quote_ident(c.relname) from pg_class as c where c.oid = of_table)
    ) end);
  execute format('comment on policy readers on %s is %L', of_table,
    'Who reads which organizations: metrics.readers. The owner, and with it the triggers, is not bound by it.');
end; $function$;
comment on function metrics.secure_table(regclass,name) is 'Makes a table of a source show a reader the rows of its organizations alone: by the column that holds the organization, else by the session_key, whose session the reader must see. Safe to repeat.';

CREATE OR REPLACE FUNCTION metrics.session_bounds(of_session uuid, longest_lag interval)
 RETURNS TABLE(conversation_id bigint, conversation_start timestamp with time zone, conversation_end timestamp with time zone)
 LANGUAGE sql
 STABLE
BEGIN ATOMIC
 SELECT first.conversation_id,
     NULLIF(first.created_at, 'infinity'::timestamp with time zone) AS "nullif",
     ( SELECT max(l.ended_at) AS max
            FROM metrics.messages l
           WHERE ((l.session_key = session_bounds.of_session) AND (l.created_at >= COALESCE(( SELECT
                         CASE
                             WHEN ((session_bounds.longest_lag < '100 years'::interval) AND (last.created_at > '0200-01-01 00:00:00+00'::timestamp with time zone)) THEN (last.created_at - session_bounds.longest_lag)
                             ELSE NULL::timestamp with time zone
                         END AS "case"
                    FROM metrics.messages last
                   WHERE ((last.session_key = session_bounds.of_session) AND (last.created_at < 'infinity'::timestamp with time zone))
                   ORDER BY last.created_at DESC
                  LIMIT 1), '-infinity'::timestamp with time zone)))) AS max
    FROM ( SELECT l.conversation_id,
             l.created_at
            FROM metrics.messages l
           WHERE (l.session_key = session_bounds.of_session)
           ORDER BY l.created_at, l.conversation_id
          LIMIT 1) first;
END;
comment on function metrics.session_bounds(uuid,interval) is 'First row, start and end of a session from the ledger, by index. longest_lag bounds ended_at - created_at of its rows; 100 years and more read them all. No row for a session without rows.';

CREATE OR REPLACE FUNCTION metrics.session_drift(keys uuid[], ids anyarray)
 RETURNS TABLE(session_key uuid, column_name text)
 LANGUAGE plpgsql
 STABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET plan_cache_mode TO 'force_generic_plan'
 SET enable_hashjoin TO 'off'
 SET enable_mergejoin TO 'off'
 SET enable_seqscan TO 'off'
 SET join_collapse_limit TO '8'
 SET from_collapse_limit TO '8'
 SET jit TO 'off'
AS $function$
begin
  return query
    with entries as materialized (
      select l.conversation_id from unnest(keys) as key join metrics.messages as l on l.session_key = key
      union
      select id from unnest(ids) as id
    )
    select affected.session_key, 'ledger'
    from entries
    left join metrics.messages as l on l.conversation_id = entries.conversation_id
    left join metrics.counted_messages as c on c.conversation_id = entries.conversation_id
    -- An entry counted in a wrong session makes both wrong.
    cross join lateral (values (l.session_key), (c.session_key)) as affected (session_key)
    where affected.session_key is not null
      and (
        l.session_key, l.created_at, l.ended_at, l.user_messages, l.ai_messages,
        l.prompt_tokens, l.completion_tokens, l.prompt_source, l.completion_source,
        case when not metrics.is_open(l.user_messages, l.ai_messages) then l.response_us end
      ) is distinct from (
        c.session_key, c.created_at, c.ended_at, c.user_messages, c.ai_messages,
        c.prompt_tokens, c.completion_tokens, c.prompt_source, c.completion_source, c.response_us
      )
    union
    select question.session_key, 'ledger'
    from (
      select
        l.session_key, l.response_us,
        metrics.is_open(l.user_messages, l.ai_messages) as is_open,
        case when lead(l.ai_messages) over next_row > 0 and lead(l.user_messages) over next_row = 0 then
          metrics.response_us(nullif(l.created_at, 'infinity'), nullif(lead(l.created_at) over next_row, 'infinity'))
        end as answered_us
      from unnest(keys) as key
      join metrics.messages as l on l.session_key = key
      window next_row as (partition by l.session_key order by l.created_at, l.conversation_id)
    ) as question
    where question.is_open and question.response_us is distinct from question.answered_us
    union
    select key, compared.column_name
    from unnest(keys) as key
    cross join lateral metrics.session_total(key) as total
    left join lateral metrics.session_bounds(key, '100 years') as bounds on true
    left join metrics.session_metrics as m on m.session_key = key
    left join metrics.source_messages as first on first.conversation_id = bounds.conversation_id
    cross join lateral (
      values
        ('conversation_id', m.conversation_id is distinct from bounds.conversation_id),
        ('widget_id', m.widget_id is distinct from first.widget_id),
        ('user_id', m.user_id is distinct from first.user_id),
        ('conversation_start', m.conversation_start is distinct from bounds.conversation_start),
        ('conversation_end', m.conversation_end is distinct from bounds.conversation_end),
        ('message_rows', m.message_rows <> total.message_rows),
        ('user_messages', m.user_messages <> total.user_messages),
        ('ai_messages', m.ai_messages <> total.ai_messages),
        ('prompt_tokens', m.prompt_tokens <> total.prompt_tokens),
        ('completion_tokens', m.completion_tokens <> total.completion_tokens),
        ('estimated_messages', m.estimated_messages <> total.estimated_messages),
        ('open_rows', m.open_rows <> total.open_rows),
        ('response_count', m.response_count <> total.response_count),
        ('response_us_sum', m.response_us_sum <> total.response_us_sum)
    ) as compared (column_name, differs)
    -- Neither rows nor metrics: a session that is gone, and rightly so.
    where compared.differs
    union
    select m.session_key, 'archived_at'
    from unnest(keys) as key
    join public.conversation_metrics as m on m.session_key = key
    join public.conversation_metrics_archive as a on a.session_key = key;
end; $function$;
comment on function metrics.session_drift(uuid[],anyarray) is 'Where the metrics of these sessions differ from the ledger, or their ledger entries and those of these message rows from the source: session and column, ''ledger'' for entries. metrics.conversation_metrics_drift checks all.';

CREATE OR REPLACE FUNCTION metrics.session_key(organization_id text, session_id text)
 RETURNS uuid
 LANGUAGE sql
 STABLE PARALLEL SAFE
RETURN (encode(SUBSTRING(sha256(convert_to((quote_nullable(organization_id) || session_id), getdatabaseencoding())) FROM 1 FOR 16), 'hex'::text))::uuid;
comment on function metrics.session_key(text,text) is 'The key of a session: the first 128 bits of SHA-256 of organization and session id. NULL for a NULL session id; a NULL organization is a tenant of its own.';

CREATE OR REPLACE FUNCTION metrics.session_sums(from_time timestamp with time zone, to_time timestamp with time zone, minutes integer, organizations text[] DEFAULT NULL::text[])
 RETURNS SETOF metrics.rollups
 LANGUAGE sql
 STABLE PARALLEL SAFE
BEGIN ATOMIC
 SELECT s.starts_at,
     (session_sums.minutes)::smallint AS minutes,
     s.organization_id,
     s.widget_id,
     s.all_widgets,
     s.conversations,
     s.user_messages,
     s.ai_messages,
     s.prompt_tokens,
     s.completion_tokens,
     s.estimated_messages,
     s.leads,
     s.rating_count,
     s.rating_sum,
     s.response_count,
     s.response_us_sum,
     s.answered_conversations,
     s.average_us_sum,
     s.duration_sum,
     t.times
    FROM (( SELECT metrics.rollup_start(m.conversation_start, session_sums.minutes) AS starts_at,
             (m.organization_id)::text AS organization_id,
             (m.widget_id)::text AS widget_id,
             (GROUPING((m.widget_id)::text) = 1) AS all_widgets,
             count(*) AS conversations,
             sum(m.user_messages) AS user_messages,
             sum(m.ai_messages) AS ai_messages,
             (sum(m.prompt_tokens))::bigint AS prompt_tokens,
             (sum(m.completion_tokens))::bigint AS completion_tokens,
             sum(m.estimated_messages) AS estimated_messages,
             count(*) FILTER (WHERE m.has_lead) AS leads,
             sum(m.rating_count) AS rating_count,
             sum(m.rating_sum) AS rating_sum,
             sum(m.response_count) AS response_count,
             sum(m.response_us_sum) AS response_us_sum,
             count(*) FILTER (WHERE (m.response_count > 0)) AS answered_conversations,
             COALESCE(sum((m.response_us_sum / (NULLIF(m.response_count, 0))::numeric)), (0)::numeric) AS average_us_sum,
             COALESCE(sum((m.conversation_end - m.conversation_start)), '00:00:00'::interval) AS duration_sum
            FROM metrics.session_metrics m
           WHERE ((m.conversation_start >= session_sums.from_time) AND (m.conversation_start < session_sums.to_time) AND ((session_sums.organizations IS NULL) OR (COALESCE((m.organization_id)::text, ''::text) = ANY (session_sums.organizations))))
           GROUP BY GROUPING SETS (((metrics.rollup_start(m.conversation_start, session_sums.minutes)), (m.organization_id)::text, (m.widget_id)::text), ((metrics.rollup_start(m.conversation_start, session_sums.minutes)), (m.organization_id)::text))) s
      LEFT JOIN ( SELECT b.starts_at,
             b.organization_id,
             b.widget_id,
             b.all_widgets,
             array_agg((b.bin + b.number) ORDER BY b.bin) AS times
            FROM ( SELECT x.starts_at,
                     x.organization_id,
                     x.widget_id,
                     (GROUPING(x.widget_id) = 1) AS all_widgets,
                     x.bin,
                     count(*) AS number
                    FROM ( SELECT metrics.rollup_start(m.conversation_start, session_sums.minutes) AS starts_at,
                             (m.organization_id)::text AS organization_id,
                             (m.widget_id)::text AS widget_id,
                             metrics.time_bin(1, (l.response_us)::double precision) AS bin
                            FROM (metrics.session_metrics m
                              JOIN metrics.messages l ON ((l.session_key = m.session_key)))
                           WHERE ((l.response_us IS NOT NULL) AND (m.conversation_start >= session_sums.from_time) AND (m.conversation_start < session_sums.to_time) AND ((session_sums.organizations IS NULL) OR (COALESCE((m.organization_id)::text, ''::text) = ANY (session_sums.organizations))))
                         UNION ALL
                          SELECT metrics.rollup_start(m.conversation_start, session_sums.minutes) AS rollup_start,
                             (m.organization_id)::text AS organization_id,
                             (m.widget_id)::text AS widget_id,
                             t_1.bin
                            FROM (metrics.session_metrics m
                              CROSS JOIN LATERAL metrics.session_times(m.response_count, m.response_us_sum, (m.conversation_end - m.conversation_start)) t_1(bin))
                           WHERE ((m.conversation_start >= session_sums.from_time) AND (m.conversation_start < session_sums.to_time) AND ((session_sums.organizations IS NULL) OR (COALESCE((m.organization_id)::text, ''::text) = ANY (session_sums.organizations))))) x
                   WHERE (session_sums.minutes > 15)
                   GROUP BY GROUPING SETS ((x.starts_at, x.organization_id, x.widget_id, x.bin), (x.starts_at, x.organization_id, x.bin))) b
           GROUP BY b.starts_at, b.organization_id, b.widget_id, b.all_widgets) t ON (((t.starts_at = s.starts_at) AND (t.all_widgets = s.all_widgets) AND (COALESCE(t.organization_id, ''::text) = COALESCE(s.organization_id, ''::text)) AND ((t.organization_id IS NULL) = (s.organization_id IS NULL)) AND (COALESCE(t.widget_id, ''::text) = COALESCE(s.widget_id, ''::text)) AND ((t.widget_id IS NULL) = (s.widget_id IS NULL)))));
END;
comment on function metrics.session_sums(timestamp with time zone,timestamp with time zone,integer,text[]) is 'What metrics.rollups of so many minutes should hold from one time to another, from the sessions: of all organizations, or of some, where an empty text stands for none.';

CREATE OR REPLACE FUNCTION metrics.session_times(response_count integer, response_us_sum numeric, duration interval)
 RETURNS TABLE(bin bigint)
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
 SELECT metrics.time_bin(2, ((session_times.response_us_sum / (session_times.response_count)::numeric))::double precision) AS time_bin
   WHERE (session_times.response_count > 0)
 UNION ALL
  SELECT metrics.time_bin(3, ((EXTRACT(epoch FROM session_times.duration) * (1000000)::numeric))::double precision) AS time_bin
   WHERE (session_times.duration IS NOT NULL);
END;
comment on function metrics.session_times(integer,numeric,interval) is 'The bins of a session''s average response time and of its duration. Those of its answers are in the ledger.';

CREATE OR REPLACE FUNCTION metrics.session_total(of_session uuid)
 RETURNS metrics.session_delta
 LANGUAGE sql
 STABLE
BEGIN ATOMIC
 SELECT session_total.of_session AS of_session,
     (count(*))::integer AS count,
     (COALESCE(sum(l.user_messages), (0)::bigint))::integer AS "coalesce",
     (COALESCE(sum(l.ai_messages), (0)::bigint))::integer AS "coalesce",
     COALESCE(sum(l.prompt_tokens), (0)::bigint) AS "coalesce",
     COALESCE(sum(l.completion_tokens), (0)::bigint) AS "coalesce",
     (COALESCE(sum(metrics.estimated_messages(l.user_messages, l.prompt_source, l.ai_messages, l.completion_source)), (0)::bigint))::integer AS "coalesce",
     (count(*) FILTER (WHERE metrics.is_open(l.user_messages, l.ai_messages)))::integer AS count,
     (count(l.response_us))::integer AS count,
     COALESCE(sum(l.response_us), (0)::numeric) AS "coalesce",
     COALESCE(max(metrics.row_lag(l.created_at, l.ended_at)), '00:00:00'::interval) AS "coalesce",
     NULL::timestamp with time zone AS timestamptz,
     max(l.ended_at) AS max,
     min(l.created_at) AS min,
     max(l.created_at) AS max
    FROM metrics.messages l
   WHERE (l.session_key = session_total.of_session);
END;
comment on function metrics.session_total(uuid) is 'The sums of one session over its ledger rows, as the difference from nothing.';

CREATE OR REPLACE FUNCTION metrics.sessions_of_feedback(ids anyarray)
 RETURNS uuid[]
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET plan_cache_mode TO 'force_generic_plan'
 SET enable_hashjoin TO 'off'
 SET enable_mergejoin TO 'off'
 SET enable_seqscan TO 'off'
 SET join_collapse_limit TO '8'
 SET from_collapse_limit TO '8'
 SET jit TO 'off'
AS $function$
begin
  if cardinality(ids) > 128 then
    perform metrics.plan_for_many();
  end if;
  return array(
    select f.session_key
    from unnest(ids) as id
    join metrics.feedback as f on f.feedback_id = id
    where f.session_key is not null
    union
    select c.session_key
    from unnest(ids) as id
    join metrics.counted_feedback as c on c.feedback_id = id
    where c.session_key is not null
  );
end; $function$;
comment on function metrics.sessions_of_feedback(anyarray) is 'The sessions that these feedback rows belong to, by the ledger and by the source.';

CREATE OR REPLACE FUNCTION metrics.sessions_of_leads(ids anyarray)
 RETURNS uuid[]
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET plan_cache_mode TO 'force_generic_plan'
 SET enable_hashjoin TO 'off'
 SET enable_mergejoin TO 'off'
 SET enable_seqscan TO 'off'
 SET join_collapse_limit TO '8'
 SET from_collapse_limit TO '8'
 SET jit TO 'off'
AS $function$
begin
  if cardinality(ids) > 128 then
    perform metrics.plan_for_many();
  end if;
  return array(
    select l.session_key
    from unnest(ids) as id
    join metrics.leads as l on l.lead_id = id
    where l.session_key is not null
    union
    select c.session_key
    from unnest(ids) as id
    join metrics.counted_leads as c on c.lead_id = id
  );
end; $function$;
comment on function metrics.sessions_of_leads(anyarray) is 'The sessions that these lead rows belong to, by the ledger and by the source.';

CREATE OR REPLACE FUNCTION metrics.sessions_of_messages(ids anyarray)
 RETURNS uuid[]
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET plan_cache_mode TO 'force_generic_plan'
 SET enable_hashjoin TO 'off'
 SET enable_mergejoin TO 'off'
 SET enable_seqscan TO 'off'
 SET join_collapse_limit TO '8'
 SET from_collapse_limit TO '8'
 SET jit TO 'off'
AS $function$
begin
  if cardinality(ids) > 128 then
    perform metrics.plan_for_many();
  end if;
  return array(
    select l.session_key
    from unnest(ids) as id
    join metrics.messages as l on l.conversation_id = id
    where l.session_key is not null
    union
    select c.session_key
    from unnest(ids) as id
    join metrics.counted_messages as c on c.conversation_id = id
  );
end; $function$;
comment on function metrics.sessions_of_messages(anyarray) is 'The sessions that these message rows belong to, by the ledger and by the source.';

CREATE OR REPLACE FUNCTION metrics.set_aside_existing()
 RETURNS void
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
declare
  object record;
  replaced text;
  suffix integer := 1;
begin
  select string_agg(c.oid::regclass::text, ', ' order by c.relname) into replaced
  from pg_class as c
  where c.relnamespace = 'metrics'::regnamespace
    and c.relkind in ('r', 'p', 'v', 'm', 'f')
    and c.relname <> 'migrations';
  if replaced is not null then
    raise exception 'schema metrics exists already and is not ours: it holds %', replaced
      using errcode = 'duplicate_schema',
        hint = 'Rename that schema (alter schema metrics rename to …), or install into another database.';
  end if;

  -- Without a source named default nothing of ours needs these names.
  if current_setting('conversation_metrics.adopt', true) = 'off' then
    return;
  end if;

  for object in
    select c.relname as name, c.oid as oid,
      case c.relkind when 'v' then 'view' when 'm' then 'materialized view' when 'f' then 'foreign table'
        when 'S' then 'sequence' when 'i' then 'index' else 'table' end as kind
    from pg_class as c
    where c.relnamespace = 'public'::regnamespace
      and c.relname in (
        'conversation_metrics', 'conversation_metrics_drift', 'conversation_metrics_pkey',
        'conversation_metrics_conversation_id_key', 'conversation_metrics_session_id_idx',
        'conversation_metrics_archive', 'conversation_metrics_archive_pkey'
      )
    order by c.relname
  loop
    if coalesce(current_setting('conversation_metrics.replace_existing', true), 'off') <> 'on' then
      raise exception '% public.% exists already and is not ours', object.kind, object.name
        using errcode = 'duplicate_table',
          hint = 'Stop the code that writes it, then run: npx conversation-metrics migrate --replace-existing. It renames the old one and keeps its rows.';
    end if;
    loop
      replaced := left(object.name, 50) || '_old' || case when suffix > 1 then '_' || suffix else '' end;
      exit when to_regclass(format('public.%I', replaced)) is null;
      suffix := suffix + 1;
    end loop;
    execute format('alter %s public.%I rename to %I', object.kind, object.name, replaced);
    raise notice 'The old % public.% is now public.%', object.kind, object.name, replaced;
  end loop;

  for object in
    select p.oid::regprocedure as signature, p.prokind
    from pg_proc as p
    where p.pronamespace = 'public'::regnamespace and p.proname = 'sync_conversation_metrics'
  loop
    if coalesce(current_setting('conversation_metrics.replace_existing', true), 'off') <> 'on' then
      raise exception 'function % exists already and is not ours', object.signature
        using errcode = 'duplicate_function',
          hint = 'Run: npx conversation-metrics migrate --replace-existing. It renames the old one.';
    end if;
    execute format('alter routine %s rename to sync_conversation_metrics_old', object.signature);
    raise notice 'The old function % is now sync_conversation_metrics_old', object.signature;
  end loop;
end; $function$;
comment on function metrics.set_aside_existing() is 'Refuses to go on where the application has objects of our names, or, with conversation_metrics.replace_existing = on, renames them and says to what.';

CREATE OR REPLACE FUNCTION metrics.sort_type(sort text)
 RETURNS text
 LANGUAGE plpgsql
 IMMUTABLE PARALLEL SAFE
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
declare
  type constant text := case
    when sort in ('conversation_start', 'conversation_end', 'created_at', 'updated_at') then 'timestamptz'
    when sort in ('conversation_duration', 'average_response_time', 'user_satisfaction') then 'double precision'
    when sort in ('total_messages', 'user_messages', 'ai_messages', 'estimated_messages', 'response_count', 'rating_count') then 'integer'
    when sort in ('total_tokens', 'prompt_tokens', 'completion_tokens') then 'bigint'
    when sort in ('has_lead') then 'boolean'
    when sort in ('session_id', 'organization_id', 'widget_id', 'user_id', 'conversation_id', 'lead_name', 'lead_email', 'lead_company') then 'text'
  end;
begin
  if type is null then
    raise exception 'conversations cannot be sorted by "%"', sort
      using errcode = 'invalid_parameter_value', hint = 'By one of: session_id, organization_id, widget_id, user_id, conversation_id, conversation_start, conversation_end, conversation_duration, total_messages, user_messages, ai_messages, total_tokens, prompt_tokens, completion_tokens, estimated_messages, average_response_time, response_count, has_lead, lead_name, lead_email, lead_company, user_satisfaction, rating_count, created_at, updated_at';
  end if;
  return type;
end; $function$;
comment on function metrics.sort_type(text) is 'The type of a column that report_conversations sorts by; an error for any other.';

CREATE OR REPLACE FUNCTION metrics.source_name()
 RETURNS text
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE
RETURN 'default'::text;
comment on function metrics.source_name() is 'The name of the source whose objects are in this schema.';

CREATE OR REPLACE FUNCTION metrics.source_schema(source text)
 RETURNS name
 LANGUAGE plpgsql
 STABLE PARALLEL SAFE
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
declare
  found_schema constant name := (select a.schema_name from metrics.attachments as a where a.name = source_schema.source);
begin
  if found_schema is null then
    raise exception 'there is no source named "%"', source
      using errcode = 'invalid_parameter_value',
        hint = 'There are: ' || coalesce((select string_agg(a.name, ', ' order by a.name) from metrics.attachments as a), 'none');
  end if;
  return found_schema;
end; $function$;
comment on function metrics.source_schema(text) is 'The schema of a source''s ledgers; an error for a source that is not there.';

CREATE OR REPLACE FUNCTION metrics.split_key(split_by text, can_be text[])
 RETURNS text
 LANGUAGE plpgsql
 IMMUTABLE PARALLEL SAFE
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
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
end; $function$;
comment on function metrics.split_key(text,text[]) is 'The expression of a report''s key, over the sessions m and the source rows x; an error for what it cannot be split by.';

CREATE OR REPLACE FUNCTION metrics.start_earlier(new_row metrics.messages)
 RETURNS void
 LANGUAGE plpgsql
AS $function$
declare
  deltas metrics.session_delta[] := array[metrics.stretch(new_row.session_key, new_row.created_at, new_row.created_at)];
begin
  if exists (
    select from public.conversation_metrics as m where m.session_key = new_row.session_key and m.open_rows > 0
  ) then
    deltas := metrics.pair_answers(deltas);
  end if;
  perform metrics.apply_deltas(deltas, array[new_row.session_key]);
end; $function$;
comment on function metrics.start_earlier(metrics.messages) is 'Makes a new ledger row the first of its session, in whose sums the caller has counted it already.';

CREATE OR REPLACE FUNCTION metrics.stretch(of_session uuid, changed_from timestamp with time zone, changed_to timestamp with time zone)
 RETURNS metrics.session_delta
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE
RETURN ROW(of_session, 0, 0, 0, (0)::bigint, (0)::bigint, 0, 0, 0, (0)::numeric, '00:00:00'::interval, NULL::timestamp with time zone, NULL::timestamp with time zone, changed_from, changed_to)::metrics.session_delta;
comment on function metrics.stretch(uuid,timestamp with time zone,timestamp with time zone) is 'Adds nothing to a session: only says between which times its rows changed, for metrics.pair_answers.';

CREATE OR REPLACE FUNCTION metrics.sum_rollups(span integer, parts metrics.rollups[])
 RETURNS metrics.rollups
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
  select
    metrics.rollup_start(min(p.starts_at), span), span::smallint, min(p.organization_id), min(p.widget_id),
    bool_and(p.all_widgets), sum(p.conversations)::bigint, sum(p.user_messages)::bigint, sum(p.ai_messages)::bigint,
    sum(p.prompt_tokens)::bigint, sum(p.completion_tokens)::bigint, sum(p.estimated_messages)::bigint, sum(p.leads)::bigint,
    sum(p.rating_count)::bigint, sum(p.rating_sum), sum(p.response_count)::bigint, sum(p.response_us_sum),
    sum(p.answered_conversations)::bigint, sum(p.average_us_sum), sum(p.duration_sum),
    (
      select array_agg(b.bin + b.number order by b.bin)
      from (
        select (x.entry >> 32) << 32 as bin, sum(x.entry & 4294967295)::bigint as number
        from unnest(parts) as t
        cross join unnest(t.times) as x (entry)
        group by 1
      ) as b
    )
  from unnest(parts) as p
$function$;
comment on function metrics.sum_rollups(integer,metrics.rollups[]) is 'The rollup of so many minutes that these are the parts of, all of one organization and widget.';

CREATE OR REPLACE FUNCTION metrics.sums_query(filter public.report_filter, unit text, shift interval DEFAULT '00:00:00'::interval)
 RETURNS text
 LANGUAGE plpgsql
 STABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
declare
  live constant text := $sql$
    select
      m.conversation_start as at, 1::bigint as conversations, m.user_messages::bigint as user_messages,
      m.ai_messages::bigint as ai_messages, m.prompt_tokens, m.completion_tokens,
      m.estimated_messages::bigint as estimated_messages, m.has_lead::integer::bigint as leads,
      m.rating_count::bigint as rating_count, m.rating_sum, m.response_count::bigint as response_count, m.response_us_sum,
      (m.response_count > 0)::integer::bigint as answered_conversations,
      coalesce(m.response_us_sum / nullif(m.response_count, 0), 0) as average_us_sum,
      m.conversation_end - m.conversation_start as duration_sum
    from public.report_sessions($1) as m
    where %s
  $sql$;
  rolled constant text := $sql$
    select
      o.starts_at as at, o.conversations, o.user_messages, o.ai_messages, o.prompt_tokens, o.completion_tokens,
      o.estimated_messages, o.leads, o.rating_count, o.rating_sum, o.response_count, o.response_us_sum,
      o.answered_conversations, o.average_us_sum, o.duration_sum
    from %I.rollups as o
  $sql$;
begin
  return coalesce(
    metrics.rolled_query(filter, unit, shift, 15, format(rolled, metrics.source_schema(filter.source)), live),
    format(live, 'true')
  );
end; $function$;
comment on function metrics.sums_query(public.report_filter,text,interval) is 'The text of a query of sums that can be added up further, of the conversations of the filter $1 by the moment at, the start of a session or of a rollup that lies within one unit (hour, day, week, month, all). shift is what their times will be moved by.';

CREATE OR REPLACE FUNCTION metrics.sync(kind text, ids anyarray)
 RETURNS void
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
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
end; $function$;
comment on function metrics.sync(text,anyarray) is 'Brings ledger and metrics up to date with source rows of a kind (messages, leads, feedback), given by their ids, also of rows that are gone. Idempotent: what is right already stays as it is.';

CREATE OR REPLACE FUNCTION metrics.sync_all(of_kind text)
 RETURNS void
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
declare
  slice_size constant integer := 1000;
  source metrics.sources;
  type constant text := metrics.column_type(('metrics.source_' || of_kind)::regclass, metrics.id_column(of_kind));
begin
  select * into source from metrics.sources as s where s.kind = of_kind;
  if not found then
    return;
  end if;
  execute format(
    $sql$
    select count(metrics.sync_carefully(%1$L, slice.ids)::text)
    from (
      select array_agg(numbered.id) as ids
      from (
        select listed.id, (row_number() over () - 1) / %2$s as number
        from (
          select (%3$s)::%4$s as id from %5$s as source
          union
          select l.%6$I from metrics.%7$I as l
        ) as listed
      ) as numbered
      group by numbered.number
    ) as slice
    $sql$,
    of_kind, slice_size, source.row_key, type, source.relation, metrics.id_column(of_kind), of_kind
  );
end; $function$;
comment on function metrics.sync_all(text) is 'Brings all rows of a kind up to date, in slices; what their mapping fails on is recorded in metrics.failed_rows.';

CREATE OR REPLACE FUNCTION metrics.sync_carefully(kind text, ids anyarray)
 RETURNS void
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
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
end; $function$;
comment on function metrics.sync_carefully(text,anyarray) is 'As metrics.sync, but a row that its mapping fails on is recorded in metrics.failed_rows instead of raising an error.';

CREATE OR REPLACE FUNCTION metrics.sync_each(kind text, ids anyarray)
 RETURNS integer
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
declare
  failed integer := 0;
  reason text;
begin
  for i in 1 .. cardinality(ids) loop
    begin
      -- First, since it hides the row.
      delete from metrics.failed_rows as f where f.kind = sync_each.kind and f.row_id = ids[i]::text;
      perform metrics.sync(kind, ids[i:i]);
    exception when others then
      -- A conflict with another transaction, or an end from outside, is no fault of the mapping.
      if sqlstate like '40%' or sqlstate like '57%' then
        raise;
      end if;
      failed := failed + 1;
      -- What a data exception quotes is somebody's data.
      reason := case when sqlstate like '22%' then regexp_replace(sqlerrm, '"[^"]*("|$)', '"…"', 'g') else sqlerrm end;
      insert into metrics.failed_rows (kind, row_id, error)
      values (sync_each.kind, ids[i]::text, reason)
      on conflict on constraint failed_rows_pkey do update set error = excluded.error, failed_at = excluded.failed_at;
      -- What it counted for before.
      begin
        perform metrics.sync(kind, ids[i:i]);
      exception when data_exception then
        null; -- The view fails in a condition, before the row is left out.
      end;
    end;
  end loop;
  return failed;
end; $function$;
comment on function metrics.sync_each(text,anyarray) is 'As metrics.sync, row by row: a row that its mapping fails on is recorded in metrics.failed_rows instead of raising an error. Returns how many failed.';

CREATE OR REPLACE FUNCTION metrics.text_digest(model text, message text, response text)
 RETURNS bigint
 LANGUAGE sql
 STABLE PARALLEL SAFE
RETURN ((('x'::text || encode(SUBSTRING(sha256(convert_to(((quote_nullable(model) || quote_nullable(message)) || quote_nullable(response)), getdatabaseencoding())) FROM 1 FOR 8), 'hex'::text)))::bit(64))::bigint;
comment on function metrics.text_digest(text,text,text) is 'Tells whether an exact token count is still that of the row''s text: the first 64 bits of SHA-256 of model and texts.';

CREATE OR REPLACE FUNCTION metrics.text_statement(of_schema name, of_kind text, ids text[])
 RETURNS text
 LANGUAGE plpgsql
 STABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
declare
  source record;
  keeps boolean;
begin
  if ids = '{}' then
    return null;
  end if;
  execute format('select s.relation, s.is_view from %I.sources as s where s.kind = $1', of_schema) into source using of_kind;
  if source.is_view then
    return format('Texts are the application''s to delete, in %s, ids %s.', source.relation, array_to_string(ids, ', '));
  end if;
  execute format('select s.keeps_numbers from %I.settings as s', of_schema) into keeps;
  return format('Where texts are to go as well: update %s set %s where id::text = any(%L)', source.relation, (
    select string_agg(format('%1$I = case when %1$I <> '''' then %2$L end', a.attname,
      case when keeps and a.attname <> 'feedback_text' then '' else '(erased)' end), ', ' order by a.attnum)
    from pg_attribute as a
    where a.attrelid = source.relation and a.attname in ('message', 'response', 'feedback_text') and not a.attisdropped
  ), ids);
end; $function$;
comment on function metrics.text_statement(name,text,text[]) is 'How the texts of these rows can be erased: a statement over adopted tables. Messages stay messages; tokens that we counted stay with metrics.keep_numbers, else they are those of the new text.';

CREATE OR REPLACE FUNCTION metrics.tg_conversations__delete()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
    begin
      perform metrics.sync('messages', array(select source.conversation_id from (select source.id as conversation_id, source.organization_id as organization_id, source.session_id as session_id, source.widget_id as widget_id, source.user_id as user_id, source.role::text as role, source.message::text as message, source.response::text as response, source.model::text as model, nullif(greatest(source.prompt_tokens, -1), -1)::integer as prompt_tokens, nullif(greatest(source.completion_tokens, -1), -1)::integer as completion_tokens, source.created_at as created_at, source.responded_at as responded_at from deleted as source where source.id is not null and source.session_id is not null) as source));
      return null;
    end; $function$;

CREATE OR REPLACE FUNCTION metrics.tg_conversations__insert()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
    declare
      added_id bigint;
      added_session_key uuid;
      added_created_at timestamptz;
      added_ended_at timestamptz;
      added_user_messages smallint;
      added_ai_messages smallint;
      added_prompt_tokens integer;
      added_completion_tokens integer;
      added_estimated_messages integer;
      added_response_us bigint;
      added_open_rows integer;
      added_lag interval;
      is_later boolean;
      is_between boolean;
      is_unpaired boolean;
      open_questions integer;
      started timestamptz;
      changed_at timestamptz;
    begin
      insert into metrics.messages (conversation_id, session_key, created_at, ended_at, user_messages, ai_messages, prompt_tokens, completion_tokens, prompt_source, completion_source, response_us) 
      select
        source.conversation_id, counted.session_key, counted.created_at, counted.ended_at,
        counted.user_messages, counted.ai_messages, counted.prompt_tokens, counted.completion_tokens,
        counted.prompt_source, counted.completion_source, counted.response_us 
      from (select where not exists (select from inserted offset 1)) as single
      cross join 
      (
        select
          source.conversation_id, source.organization_id, source.session_id, 
          source.prompt_tokens, source.completion_tokens, part.*
        from (select source.id as conversation_id, source.organization_id as organization_id, source.session_id as session_id, source.widget_id as widget_id, source.user_id as user_id, source.role::text as role, source.message::text as message, source.response::text as response, source.model::text as model, nullif(greatest(source.prompt_tokens, -1), -1)::integer as prompt_tokens, nullif(greatest(source.completion_tokens, -1), -1)::integer as completion_tokens, source.created_at as created_at, source.responded_at as responded_at from inserted as source where source.id is not null and source.session_id is not null) as source
        cross join lateral metrics.message_parts(
          source.role, source.message, source.response, source.created_at, source.responded_at
        ) as part
        offset 0
      ) as source
      cross join lateral metrics.count_parts(
        source.organization_id::text, source.session_id::text, source.prompt_tokens, source.completion_tokens,
        source.sent_at, source.answered_at, source.user_length, source.assistant_length, source.response_length
      ) as counted
    
      on conflict (conversation_id) do nothing
      returning
        conversation_id, session_key, created_at, ended_at, user_messages, ai_messages, prompt_tokens, completion_tokens,
        metrics.estimated_messages(user_messages, prompt_source, ai_messages, completion_source), response_us,
        metrics.is_open(user_messages, ai_messages)::integer, metrics.row_lag(created_at, ended_at)
      into
        added_id, added_session_key, added_created_at, added_ended_at, added_user_messages, added_ai_messages,
        added_prompt_tokens, added_completion_tokens, added_estimated_messages, added_response_us,
        added_open_rows, added_lag;
  
      if added_user_messages < added_ai_messages then
        -- The AI's alone: it may be an answer. The lock comes first, for the row before it as others left that; and one
        -- UPDATE of the metrics row adds both.
        select m.open_rows into open_questions
        from public.conversation_metrics as m where m.session_key = added_session_key for no key update;
        if open_questions > 0 then
          update metrics.messages as l
          set response_us = metrics.response_us(nullif(l.created_at, 'infinity'), nullif(added_created_at, 'infinity'))
          where l.conversation_id = (
              select before.conversation_id from metrics.messages as before where before.session_key = added_session_key
              order by before.created_at desc, before.conversation_id desc offset 1 limit 1
            )
            and (l.created_at, l.conversation_id) < (added_created_at, added_id)
            and metrics.is_open(l.user_messages, l.ai_messages)
          returning l.response_us into added_response_us;
        elsif open_questions is null then
          is_unpaired := true; -- A new session, unless another transaction commits it until the UPDATE.
        end if;
      end if;
      update public.conversation_metrics as m
      set
        user_messages = m.user_messages + added_user_messages,
        ai_messages = m.ai_messages + added_ai_messages,
        prompt_tokens = m.prompt_tokens + added_prompt_tokens,
        completion_tokens = m.completion_tokens + added_completion_tokens,
        estimated_messages = m.estimated_messages + added_estimated_messages,
        conversation_end = greatest(m.conversation_end, added_ended_at),
        response_count = m.response_count + num_nonnulls(added_response_us),
        response_us_sum = m.response_us_sum + coalesce(added_response_us, 0),
        message_rows = m.message_rows + 1,
        open_rows = m.open_rows + added_open_rows,
        longest_lag = greatest(m.longest_lag, added_lag),
        updated_at = clock_timestamp()
      where m.session_key = added_session_key
      returning (m.conversation_start, m.conversation_id) < (added_created_at, added_id), m.open_rows, m.conversation_start
      into is_later, open_questions, started;
      if started < clock_timestamp() - metrics.rollup_delay() then
        perform metrics.mark_rollup(added_session_key);
      end if;

      if is_later and open_questions = 0 then
        return new; -- As good as null here; a variable costs no expression.
      elsif is_later then
        -- The last row answers a question as above, or none, where that could be looked at.
        if added_user_messages > 0 or added_response_us is null then
          select true into is_between
          from metrics.messages as l
          where l.session_key = added_session_key
            and (l.created_at, l.conversation_id) > (added_created_at, added_id)
          limit 1;
          if is_between or is_unpaired then
            perform metrics.add_answers(array[metrics.stretch(added_session_key, added_created_at, added_created_at)]);
          end if;
        end if;
      elsif open_questions is not null then
        perform metrics.start_earlier(l) from metrics.messages as l where l.conversation_id = added_id;
      elsif added_session_key is not null then
        -- Usually a new session. Another transaction that makes it at the same time is waited for: no
        -- metrics row is locked yet.
        insert into metrics.sessions (session_key) values (added_session_key) on conflict do nothing;
        if found then
          changed_at := clock_timestamp();
          insert into public.conversation_metrics (
            session_key, conversation_id, session_id, organization_id, widget_id, user_id,
            user_messages, ai_messages, prompt_tokens, completion_tokens, estimated_messages,
            conversation_start, conversation_end, response_count, response_us_sum,
            message_rows, open_rows, longest_lag, created_at, updated_at
          )
          select
            added_session_key, added_id, source.session_id, source.organization_id, source.widget_id, source.user_id,
            added_user_messages, added_ai_messages, added_prompt_tokens, added_completion_tokens, added_estimated_messages,
            nullif(added_created_at, 'infinity'), added_ended_at,
            num_nonnulls(added_response_us), coalesce(added_response_us, 0),
            1, added_open_rows, added_lag, changed_at, changed_at
          from (select source.id as conversation_id, source.organization_id as organization_id, source.session_id as session_id, source.widget_id as widget_id, source.user_id as user_id, source.role::text as role, source.message::text as message, source.response::text as response, source.model::text as model, nullif(greatest(source.prompt_tokens, -1), -1)::integer as prompt_tokens, nullif(greatest(source.completion_tokens, -1), -1)::integer as completion_tokens, source.created_at as created_at, source.responded_at as responded_at from inserted as source where source.id is not null and source.session_id is not null) as source
          on conflict do nothing;
        end if;
        if not found then
          perform metrics.add_first_row(l) from metrics.messages as l where l.conversation_id = added_id;
        elsif added_created_at < changed_at - metrics.rollup_delay() then
          perform metrics.mark_rollup(added_session_key);
        end if;
      else
        -- Several rows, or one that the ledger knows already.
        declare
          ids bigint[];
          with_extras uuid[];
          answerable metrics.session_delta[];
          earlier metrics.session_delta[];
        begin
          ids := array(select source.conversation_id from (select source.id as conversation_id, source.organization_id as organization_id, source.session_id as session_id, source.widget_id as widget_id, source.user_id as user_id, source.role::text as role, source.message::text as message, source.response::text as response, source.model::text as model, nullif(greatest(source.prompt_tokens, -1), -1)::integer as prompt_tokens, nullif(greatest(source.completion_tokens, -1), -1)::integer as completion_tokens, source.created_at as created_at, source.responded_at as responded_at from inserted as source where source.id is not null and source.session_id is not null) as source);
          if cardinality(ids) > 64 then
            begin
              execute metrics.count_new_messages_sql('select source.id as conversation_id, source.organization_id as organization_id, source.session_id as session_id, source.widget_id as widget_id, source.user_id as user_id, source.role::text as role, source.message::text as message, source.response::text as response, source.model::text as model, nullif(greatest(source.prompt_tokens, -1), -1)::integer as prompt_tokens, nullif(greatest(source.completion_tokens, -1), -1)::integer as completion_tokens, source.created_at as created_at, source.responded_at as responded_at from inserted as source where source.id is not null and source.session_id is not null')
                into with_extras, answerable, earlier
                using clock_timestamp();
              if earlier is not null then
                perform metrics.add_earlier_rows(earlier);
              end if;
              if with_extras is not null then
                perform metrics.apply_extras(with_extras);
              end if;
              if answerable is not null then
                perform metrics.add_answers(answerable);
              end if;
              return null;
            exception when unique_violation then
              null; -- Not all of them are new: the general way.
            end;
          end if;
          perform metrics.sync('messages', ids);
        end;
      end if;
      return null;
    end; $function$;

CREATE OR REPLACE FUNCTION metrics.tg_conversations__truncate()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
begin
  perform metrics.forget_messages();
  -- What a truncated partition held.
  perform metrics.sync('messages', array(
    select l.conversation_id
    from metrics.messages as l
    where l.session_key is not null
      and not exists (select from metrics.source_messages as s where s.conversation_id = l.conversation_id)
  ));
  if exists (select from metrics.failed_rows) then
    perform metrics.retry_failed_rows();
  end if;
  return null;
end; $function$;
comment on function metrics.tg_conversations__truncate() is 'Takes the message rows that a TRUNCATE removed out of ledger and metrics.';

CREATE OR REPLACE FUNCTION metrics.tg_conversations__update()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
    declare
      ids bigint[];
      is_done boolean;
    begin
      
    select
      case
        when before *= source then true
        else metrics.change_in_place(
          row(
            source.conversation_id, source.organization_id, source.session_id, source.widget_id, source.user_id, counted.*
          )::metrics.counted_messages,
          -- By the bytes: a collation may find different texts equal.
          (before.role collate "C", before.message collate "C", before.model collate "C", before.prompt_tokens)
            is distinct from
            (source.role collate "C", source.message collate "C", source.model collate "C", source.prompt_tokens),
          (before.role collate "C", before.message collate "C", before.response collate "C", before.model collate "C", before.completion_tokens)
            is distinct from
            (source.role collate "C", source.message collate "C", source.response collate "C", source.model collate "C", source.completion_tokens)
        )
      end
    into is_done
    from (select source.id as conversation_id, source.organization_id as organization_id, source.session_id as session_id, source.widget_id as widget_id, source.user_id as user_id, source.role::text as role, source.message::text as message, source.response::text as response, source.model::text as model, nullif(greatest(source.prompt_tokens, -1), -1)::integer as prompt_tokens, nullif(greatest(source.completion_tokens, -1), -1)::integer as completion_tokens, source.created_at as created_at, source.responded_at as responded_at from deleted as source where source.id is not null and source.session_id is not null) as before
    join (select source.id as id from inserted as source) as after on after.id = before.conversation_id
    join metrics.source_messages as source on source.conversation_id = before.conversation_id
    cross join lateral metrics.count_message(
      source.organization_id::text, source.session_id::text, source.role, source.message, source.response,
      source.prompt_tokens, source.completion_tokens, source.created_at, source.responded_at
    ) as counted
    where not exists (select from deleted offset 1);
    if is_done then
      return null;
    end if;
  
      
      ids := array(
        select coalesce(after.conversation_id, before.conversation_id)
        from (select source.id as conversation_id, source.organization_id as organization_id, source.session_id as session_id, source.widget_id as widget_id, source.user_id as user_id, source.role::text as role, source.message::text as message, source.response::text as response, source.model::text as model, nullif(greatest(source.prompt_tokens, -1), -1)::integer as prompt_tokens, nullif(greatest(source.completion_tokens, -1), -1)::integer as completion_tokens, source.created_at as created_at, source.responded_at as responded_at from deleted as source where source.id is not null and source.session_id is not null) as before
        full join (select source.id as conversation_id, source.organization_id as organization_id, source.session_id as session_id, source.widget_id as widget_id, source.user_id as user_id, source.role::text as role, source.message::text as message, source.response::text as response, source.model::text as model, nullif(greatest(source.prompt_tokens, -1), -1)::integer as prompt_tokens, nullif(greatest(source.completion_tokens, -1), -1)::integer as completion_tokens, source.created_at as created_at, source.responded_at as responded_at from inserted as source where source.id is not null and source.session_id is not null) as after on after.conversation_id = before.conversation_id
        -- By image: two values of a type may be equal and differ (texts by their collation).
        where before.conversation_id is null or after.conversation_id is null or before *<> after
      );
      
      
      perform metrics.sync('messages', ids);
      return null;
    end; $function$;

CREATE OR REPLACE FUNCTION metrics.tg_feedback__count()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
    declare
      ids bigint[];
    begin
      case TG_OP
        when 'INSERT' then
          ids := array(select source.feedback_id from (select source.id as feedback_id, (source.conversation_id)::bigint as conversation_id, source.organization_id as organization_id, source.session_id as session_id, case when source.rating between 1 and 5 then source.rating::numeric end as rating from inserted as source where source.id is not null) as source);
        when 'UPDATE' then
          
      ids := array(
        select coalesce(after.feedback_id, before.feedback_id)
        from (select source.id as feedback_id, (source.conversation_id)::bigint as conversation_id, source.organization_id as organization_id, source.session_id as session_id, case when source.rating between 1 and 5 then source.rating::numeric end as rating from deleted as source where source.id is not null) as before
        full join (select source.id as feedback_id, (source.conversation_id)::bigint as conversation_id, source.organization_id as organization_id, source.session_id as session_id, case when source.rating between 1 and 5 then source.rating::numeric end as rating from inserted as source where source.id is not null) as after on after.feedback_id = before.feedback_id
        -- By image: two values of a type may be equal and differ (texts by their collation).
        where before.feedback_id is null or after.feedback_id is null or before *<> after
      );
      
        when 'DELETE' then
          ids := array(select source.feedback_id from (select source.id as feedback_id, (source.conversation_id)::bigint as conversation_id, source.organization_id as organization_id, source.session_id as session_id, case when source.rating between 1 and 5 then source.rating::numeric end as rating from deleted as source where source.id is not null) as source);
        else
          perform metrics.require_current_snapshot();
          ids := array(
            select l.feedback_id from metrics.feedback as l
            where not exists (select from metrics.source_feedback as s where s.feedback_id = l.feedback_id)
          );
      end case;
      if cardinality(ids) > 0 then
        perform metrics.sync('feedback', ids);
      end if;
      return null;
    end; $function$;
comment on function metrics.tg_feedback__count() is 'Brings the metrics up to date with what a statement did to the feedback rows, in its transaction.';

CREATE OR REPLACE FUNCTION metrics.tg_leads__count()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
    declare
      ids bigint[];
    begin
      case TG_OP
        when 'INSERT' then
          ids := array(select source.lead_id from (select source.id as lead_id, source.organization_id as organization_id, source.session_id as session_id, source.name::text as name, source.email::text as email, source.company::text as company, source.created_at as created_at from inserted as source where source.id is not null and source.session_id is not null) as source);
        when 'UPDATE' then
          
      ids := array(
        select coalesce(after.lead_id, before.lead_id)
        from (select source.id as lead_id, source.organization_id as organization_id, source.session_id as session_id, source.name::text as name, source.email::text as email, source.company::text as company, source.created_at as created_at from deleted as source where source.id is not null and source.session_id is not null) as before
        full join (select source.id as lead_id, source.organization_id as organization_id, source.session_id as session_id, source.name::text as name, source.email::text as email, source.company::text as company, source.created_at as created_at from inserted as source where source.id is not null and source.session_id is not null) as after on after.lead_id = before.lead_id
        -- By image: two values of a type may be equal and differ (texts by their collation).
        where before.lead_id is null or after.lead_id is null or before *<> after
      );
      
        when 'DELETE' then
          ids := array(select source.lead_id from (select source.id as lead_id, source.organization_id as organization_id, source.session_id as session_id, source.name::text as name, source.email::text as email, source.company::text as company, source.created_at as created_at from deleted as source where source.id is not null and source.session_id is not null) as source);
        else
          perform metrics.require_current_snapshot();
          ids := array(
            select l.lead_id from metrics.leads as l
            where not exists (select from metrics.source_leads as s where s.lead_id = l.lead_id)
          );
      end case;
      if cardinality(ids) > 0 then
        perform metrics.sync('leads', ids);
      end if;
      return null;
    end; $function$;
comment on function metrics.tg_leads__count() is 'Brings the metrics up to date with what a statement did to the leads rows, in its transaction.';

CREATE OR REPLACE FUNCTION metrics.time_bin(measure integer, us double precision)
 RETURNS bigint
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
 SELECT ((((measure * 10000) +
         CASE
             WHEN (us < (1)::double precision) THEN 0
             ELSE (1 + (floor((ln(us) / ln((1.02)::double precision))))::integer)
         END))::bigint << 32);
END;
comment on function metrics.time_bin(integer,double precision) is 'The bin of metrics.rollups.times that a time in microseconds falls into. measure: 1 = answer, 2 = conversation''s average, 3 = duration.';

CREATE OR REPLACE FUNCTION metrics.time_percentiles(filter public.report_filter, ledger name)
 RETURNS TABLE(measure text, count bigint, average double precision, percentiles double precision[])
 LANGUAGE plpgsql
 STABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
begin
  -- In whole microseconds, where floats of seconds would show 7.999999999999999. A statement each, since each needs an order of its own.
  return query execute format(
    $sql$
    select 'answer', count(*), avg(l.response_us)::float8,
      percentile_cont(array[0.5, 0.9, 0.95, 0.99]) within group (order by l.response_us::float8)
    from public.report_sessions($1) as m
    join %I.messages as l on l.session_key = m.session_key
    where l.response_us is not null
    $sql$,
    ledger
  ) using filter;
  return query execute
    $sql$
    select 'conversation', count(*), avg(m.response_us_sum / m.response_count)::float8,
      percentile_cont(array[0.5, 0.9, 0.95, 0.99]) within group (order by (m.response_us_sum / m.response_count)::float8)
    from public.report_sessions($1) as m
    where m.response_count > 0
    $sql$
    using filter;
  return query execute
    $sql$
    select 'duration', count(*), avg(round(m.conversation_duration * 1000000)),
      percentile_cont(array[0.5, 0.9, 0.95, 0.99]) within group (order by round(m.conversation_duration * 1000000))
    from public.report_sessions($1) as m
    where m.conversation_duration is not null
    $sql$
    using filter;
end; $function$;
comment on function metrics.time_percentiles(public.report_filter,name) is 'Count, mean and p50, p90, p95, p99 in microseconds of single answers, of conversations'' averages and of durations.';

CREATE OR REPLACE FUNCTION metrics.times_query(filter public.report_filter)
 RETURNS text
 LANGUAGE plpgsql
 STABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
declare
  home constant name := metrics.source_schema(filter.source);
begin
  return metrics.rolled_query(
    filter, 'all', '0', 60,
    format(
      'select (x.entry >> 32) << 32 as bin, x.entry & 4294967295 as number from %I.rollups as o cross join unnest(o.times) as x (entry)',
      home
    ),
    format(
      $sql$
      select metrics.time_bin(1, l.response_us) as bin, 1::bigint as number
      from public.report_sessions($1) as m
      join %I.messages as l on l.session_key = m.session_key
      where l.response_us is not null and %%1$s
      union all
      select t.bin, 1
      from public.report_sessions($1) as m
      cross join lateral metrics.session_times(
        m.response_count, m.response_us_sum, m.conversation_end - m.conversation_start
      ) as t
      where %%1$s
      $sql$,
      home
    )
  );
end; $function$;
comment on function metrics.times_query(public.report_filter) is 'The text of a query of how many times are in each bin (metrics.time_bin), of the conversations of the filter $1. NULL where rollups cannot tell.';

CREATE OR REPLACE FUNCTION metrics.token_costs(filter public.report_filter, split_by text, days integer, duration interval, prices text, what_if jsonb, currency text)
 RETURNS TABLE(key text, messages bigint, prompt_tokens bigint, completion_tokens bigint, estimated_tokens bigint, counted_tokens bigint, reported_tokens bigint, cost numeric, unpriced_messages bigint, unpriced_tokens bigint)
 LANGUAGE plpgsql
 STABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
#variable_conflict use_column
declare
  -- Between two of them every model has one price, so it is looked up once for each and not for each message.
  changes constant timestamptz[] := array(
    select '-infinity'::timestamptz
    union
    select m.valid_from from metrics.model_prices as m where m.currency = token_costs.currency
    order by 1
  );
begin
  return query
  select
    u.key, sum(u.messages)::bigint, sum(u.prompt_tokens)::bigint, sum(u.completion_tokens)::bigint,
    sum(u.estimated_tokens)::bigint, sum(u.counted_tokens)::bigint, sum(u.reported_tokens)::bigint,
    -- Times a millionth, not divided by a million: exact.
    sum(u.prompt_tokens * p.prompt_price + u.completion_tokens * p.completion_price) * 0.000001,
    coalesce(sum(u.messages) filter (where p.prompt_price is null), 0)::bigint,
    coalesce(sum(u.prompt_tokens + u.completion_tokens) filter (where p.prompt_price is null), 0)::bigint
  from metrics.model_usage(filter, split_by, days, duration, changes) as u
  left join lateral metrics.price_at(
    u.model, case prices when 'today' then now() else changes[u.price_period] end, token_costs.currency, what_if
  ) as p on true
  group by u.key;
end; $function$;
comment on function metrics.token_costs(public.report_filter,text,integer,interval,text,jsonb,text) is 'Tokens by a key and what they cost; cost is NULL where nothing of it has a price, and unpriced_* say how much has none.';

CREATE OR REPLACE FUNCTION metrics.token_lane(session_key uuid)
 RETURNS smallint
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE
RETURN ((((session_key >= '80000000-0000-0000-0000-000000000000'::uuid) IS TRUE))::integer)::smallint;
comment on function metrics.token_lane(uuid) is 'Which lane the exact counts of a session are written in, 0 or 1: write-backs of one lane wait for each other, those of both run at once.';

CREATE OR REPLACE FUNCTION metrics.token_totals()
 RETURNS TABLE(estimated bigint, counted bigint, reported bigint, failed bigint, oldest_waiting interval)
 LANGUAGE sql
 STABLE PARALLEL SAFE
BEGIN ATOMIC
 SELECT COALESCE(sum((
         CASE
             WHEN (l.prompt_source = ANY (ARRAY['estimate'::metrics.token_source, 'kept'::metrics.token_source])) THEN (l.user_messages)::integer
             ELSE 0
         END +
         CASE
             WHEN (l.completion_source = ANY (ARRAY['estimate'::metrics.token_source, 'kept'::metrics.token_source])) THEN (l.ai_messages)::integer
             ELSE 0
         END)), (0)::bigint) AS "coalesce",
     COALESCE(sum((
         CASE
             WHEN (l.prompt_source = 'tiktoken'::metrics.token_source) THEN (l.user_messages)::integer
             ELSE 0
         END +
         CASE
             WHEN (l.completion_source = 'tiktoken'::metrics.token_source) THEN (l.ai_messages)::integer
             ELSE 0
         END)), (0)::bigint) AS "coalesce",
     COALESCE(sum((
         CASE
             WHEN (l.prompt_source = 'provider'::metrics.token_source) THEN (l.user_messages)::integer
             ELSE 0
         END +
         CASE
             WHEN (l.completion_source = 'provider'::metrics.token_source) THEN (l.ai_messages)::integer
             ELSE 0
         END)), (0)::bigint) AS "coalesce",
     ( SELECT count(*) AS count
            FROM metrics.token_retries r
           WHERE (r.retry_at = 'infinity'::timestamp with time zone)) AS count,
     (clock_timestamp() - ( SELECT min(waiting.counted_at) AS min
            FROM metrics.messages waiting
           WHERE (((waiting.prompt_source = 'estimate'::metrics.token_source) OR (waiting.completion_source = 'estimate'::metrics.token_source)) AND (NOT (EXISTS ( SELECT
                    FROM metrics.token_retries r
                   WHERE ((r.conversation_id = waiting.conversation_id) AND (r.retry_at = 'infinity'::timestamp with time zone))))))))
    FROM metrics.messages l;
END;
comment on function metrics.token_totals() is 'How many messages'' tokens are estimated, exactly counted and reported by the provider, how many rows were given up, and how long the oldest row has waited to be counted (NULL: none waits).';

CREATE OR REPLACE FUNCTION metrics.trigger_name(of_kind text, event text)
 RETURNS text
 LANGUAGE sql
 IMMUTABLE
RETURN format('_%s_metrics_%s_%s_%s'::text, CASE of_kind WHEN 'messages'::text THEN 500 ELSE 510 END, metrics.source_name(), of_kind, event);
comment on function metrics.trigger_name(text,text) is 'The name of a source''s trigger.';

CREATE OR REPLACE FUNCTION metrics.trigger_settings(is_view boolean)
 RETURNS text
 LANGUAGE sql
 IMMUTABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
BEGIN ATOMIC
 SELECT ('set search_path = pg_catalog, pg_temp'::text ||
         CASE
             WHEN is_view THEN ' set standard_conforming_strings = on set join_collapse_limit = 8 set from_collapse_limit = 8'::text
             ELSE ''::text
         END);
END;
comment on function metrics.trigger_settings(boolean) is 'The settings of a trigger function that holds the text of a mapping: by a view, or by a table''s columns.';

CREATE OR REPLACE FUNCTION metrics.unarchive(organization text DEFAULT NULL::text, no_organization boolean DEFAULT false, from_time timestamp with time zone DEFAULT NULL::timestamp with time zone, to_time timestamp with time zone DEFAULT NULL::timestamp with time zone, max_sessions integer DEFAULT NULL::integer)
 RETURNS integer
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
declare
  keys uuid[];
begin
  -- As in metrics.archive_sessions.
  lock table metrics.sessions in row exclusive mode;
  keys := array(
    select a.session_key
    from public.conversation_metrics_archive as a
    where (unarchive.organization is null or a.organization_id::text = unarchive.organization)
      and (not no_organization or a.organization_id is null)
      and (from_time is null or a.conversation_start >= from_time)
      and (to_time is null or a.conversation_start < to_time)
    order by a.conversation_start desc
    limit max_sessions
  );
  keys := array(
    select locked.session_key
    from (
      select s.session_key from metrics.sessions as s where s.session_key = any(keys) order by s.session_key for update
    ) as locked
  );
  return metrics.restore_sessions(keys);
end; $function$;
comment on function metrics.unarchive(text,boolean,timestamp with time zone,timestamp with time zone,integer) is 'Brings archived sessions back to conversation_metrics, the newest first, and returns how many: of an organization, of those without one, or of all; by conversation_start, from_time counting and to_time not. What a rule calls old goes there again, so change the rule before.';

CREATE OR REPLACE FUNCTION metrics.uninstall()
 RETURNS void
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET client_min_messages TO 'warning'
AS $function$
declare
  target record;
  has_default boolean;
begin
  perform metrics.detach(a.name) from metrics.attachments as a where a.name <> 'default';
  has_default := exists (select from metrics.attachments as a where a.name = 'default');
  if has_default then
    perform metrics.drop_triggers();
  end if;
  if to_regprocedure('metrics.drop_reports()') is not null then
    perform metrics.drop_reports();
  end if;
  drop view if exists public.all_conversation_metrics;
  -- Without cascade: a view that somebody built on the metrics is theirs, and stops this with its name.
  -- Where there: "drop schema public cascade", say, leaves the rest behind.
  -- And only where they are ours: without a source named default, a conversation_metrics is the application's.
  if has_default then
    perform metrics.unsecure_source('metrics');
    drop function if exists metrics.repair(integer);
    drop function if exists metrics.sample_drift(integer);
    drop view if exists public.conversation_metrics_drift;
    drop function if exists metrics.session_sums(timestamptz, timestamptz, integer, text[]);
    drop view if exists metrics.session_metrics;
    drop table if exists public.conversation_metrics_archive;
    drop table if exists public.conversation_metrics;
    for target in
      select p.oid::regprocedure as signature from pg_proc as p
      where p.pronamespace = 'public'::regnamespace and p.proname = 'sync_conversation_metrics'
    loop
      execute format('drop function %s', target.signature);
    end loop;
  end if;
  -- Last, since it takes this function along.
  drop schema metrics cascade;
end; $function$;
comment on function metrics.uninstall() is 'Removes all that is ours but graphile_worker: triggers, conversation_metrics, the drift view, the reports, the schema metrics. The application''s tables and rows stay as they were.';

CREATE OR REPLACE FUNCTION metrics.unsecure_source(of_schema name)
 RETURNS void
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET client_min_messages TO 'warning'
AS $function$
declare
  target regclass;
begin
  execute format('drop view if exists %I.readable_messages', of_schema);
  for target in
    select c.oid
    from pg_policy as p
    join pg_class as c on c.oid = p.polrelid
    where p.polname = 'readers' and c.relnamespace = quote_ident(of_schema)::regnamespace
  loop
    execute format('drop policy readers on %s', target);
  end loop;
end; $function$;
comment on function metrics.unsecure_source(name) is 'Takes away what hangs on conversation_metrics, which is about to be dropped without cascade.';

CREATE OR REPLACE FUNCTION metrics.view_origins(of_view regclass)
 RETURNS TABLE(column_name name, relation regclass, origin name)
 LANGUAGE sql
 STABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
BEGIN ATOMIC
 WITH RECURSIVE origins AS (
          SELECT a.attname AS column_name,
             (view_origins.of_view)::oid AS relation,
             a.attname AS origin
            FROM pg_attribute a
           WHERE ((a.attrelid = (view_origins.of_view)::oid) AND (a.attnum > 0) AND (NOT a.attisdropped))
         UNION ALL
          SELECT seen.column_name,
             (found.part[1])::oid AS part,
             o.attname
            FROM (((origins seen
              JOIN pg_rewrite r ON (((r.ev_class = seen.relation) AND (r.ev_type = '1'::"char"))))
              CROSS JOIN LATERAL regexp_match((r.ev_action)::text, ((':resname '::text || (seen.origin)::text) || ' :ressortgroupref \d+ :resorigtbl (\d+) :resorigcol (\d+) :resjunk false'::text)) found(part))
              JOIN pg_attribute o ON (((o.attrelid = (found.part[1])::oid) AND (o.attnum = (found.part[2])::smallint))))
         )
  SELECT origins.column_name,
     (origins.relation)::regclass AS relation,
     origins.origin
    FROM (origins
      JOIN pg_class c ON (((c.oid = origins.relation) AND (c.relkind = ANY (ARRAY['r'::"char", 'p'::"char"])))));
END;
comment on function metrics.view_origins(regclass) is 'The columns of a view that are a table''s column as it stands, with that table and column.';

CREATE OR REPLACE FUNCTION metrics.view_tables(of_view regclass)
 RETURNS TABLE(relation regclass, columns name[])
 LANGUAGE sql
 STABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
BEGIN ATOMIC
 WITH RECURSIVE views AS (
          SELECT (view_tables.of_view)::oid AS view
         UNION
          SELECT d_1.refobjid
            FROM (((views views_1
              JOIN pg_rewrite r_1 ON ((r_1.ev_class = views_1.view)))
              JOIN pg_depend d_1 ON (((d_1.classid = ('pg_rewrite'::regclass)::oid) AND (d_1.objid = r_1.oid) AND (d_1.refclassid = ('pg_class'::regclass)::oid) AND (d_1.refobjid <> views_1.view))))
              JOIN pg_class c_1 ON (((c_1.oid = d_1.refobjid) AND (c_1.relkind = 'v'::"char"))))
         )
  SELECT (c.oid)::regclass AS oid,
         CASE
             WHEN (bool_or(((r.ev_action)::text ~ ':varattno 0 '::text)) OR (count(a.attname) = 0)) THEN ( SELECT array_agg(whole.attname ORDER BY whole.attnum) AS array_agg
                FROM pg_attribute whole
               WHERE ((whole.attrelid = c.oid) AND (whole.attnum > 0) AND (NOT whole.attisdropped)))
             ELSE array_agg(DISTINCT a.attname) FILTER (WHERE (a.attname IS NOT NULL))
         END AS array_agg
    FROM ((((views
      JOIN pg_rewrite r ON ((r.ev_class = views.view)))
      JOIN pg_depend d ON (((d.classid = ('pg_rewrite'::regclass)::oid) AND (d.objid = r.oid) AND (d.refclassid = ('pg_class'::regclass)::oid))))
      JOIN pg_class c ON (((c.oid = d.refobjid) AND (c.relkind = ANY (ARRAY['r'::"char", 'p'::"char"])))))
      LEFT JOIN pg_attribute a ON (((a.attrelid = c.oid) AND (a.attnum = d.refobjsubid) AND (d.refobjsubid > 0))))
   GROUP BY c.oid;
END;
comment on function metrics.view_tables(regclass) is 'The tables that a view reads, also through other views, with the columns that it uses.';

CREATE OR REPLACE FUNCTION metrics.view_template(of_view regclass, of_table regclass)
 RETURNS text
 LANGUAGE plpgsql
 STABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
declare
  definition constant text := replace(rtrim(pg_get_viewdef(of_view), '; '), '%', '%%');
  name constant text := (
    select replace(format('%I.%I', n.nspname, c.relname), '%', '%%')
    from pg_class as c join pg_namespace as n on n.oid = c.relnamespace
    where c.oid = of_table
  );
  -- What the view calls its columns by where it gives the table no other name.
  table_name constant text := (
    select replace(quote_ident(c.relname), '%', '%%') from pg_class as c where c.oid = of_table
  );
  -- The name as a pattern, and not as a part of a longer one.
  pattern constant text := regexp_replace(name, '([^a-zA-Z0-9_])', '\\\1', 'g') || '(?![a-zA-Z0-9_"$.])';
  alias text;
begin
  -- Once in all, and there to be read from; and nothing that looks at several rows.
  if (select count(*) from regexp_matches(definition, pattern, 'g')) <> 1
    or definition !~ ('(FROM|JOIN)[ (]+' || pattern)
    or exists (
      select from pg_rewrite as r
      where r.ev_class = of_view
        and r.ev_action::text ~ ':(hasAggs|hasWindowFuncs|hasDistinctOn|hasRecursive) true|:(groupClause|distinctClause|setOperations|limitCount|limitOffset) [^<]'
    )
  then
    return null;
  end if;
  alias := (regexp_match(
    definition,
    pattern || '\s+((?!(?:JOIN|LEFT|RIGHT|FULL|INNER|CROSS|NATURAL|WHERE|GROUP|HAVING|WINDOW|ORDER|LIMIT|OFFSET|FETCH|FOR|UNION|INTERSECT|EXCEPT|ON|USING|TABLESAMPLE)\M)(?:[a-z_][a-z0-9_$]*|"(?:[^"]|"")+"))'
  ))[1];
  return replace(definition, name, case when alias is null then '%s ' || table_name else '%s' end);
end; $function$;
comment on function metrics.view_template(regclass,regclass) is 'A view''s text with %s in the place of a table that it reads once; NULL where that cannot be: it reads the table more than once, through another view, or many rows at a time.';

CREATE OR REPLACE FUNCTION metrics.worker_beat(worker text, graphile_ids text[])
 RETURNS integer
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
declare
  dead text[];
  source record;
  released integer := 0;
  gone integer;
begin
  insert into metrics.workers as w (worker, graphile_ids)
  values (worker_beat.worker, worker_beat.graphile_ids)
  on conflict on constraint workers_pkey do update set
    graphile_ids = excluded.graphile_ids, seen_at = clock_timestamp(), stopped_at = null;

  -- Without this the jobs of a killed process would stay locked for hours.
  dead := array(
    select id from metrics.workers as w cross join lateral unnest(w.graphile_ids) as id
    where w.seen_at < clock_timestamp() - interval '10 seconds'
  );
  if cardinality(dead) > 0 then
    perform graphile_worker.force_unlock_workers(dead);
  end if;

  for source in select a.schema_name from metrics.attachments as a loop
    execute format(
      $sql$
      delete from %I.token_batches as b
      where exists (
          select from metrics.workers as w
          where w.worker = b.worker
            and (w.seen_at < clock_timestamp() - interval '10 seconds' or w.stopped_at > b.read_at)
        )
        -- A job that was lost, or failed for good.
        or coalesce(b.read_at, b.made_at) < clock_timestamp() - interval '5 minutes'
      $sql$,
      source.schema_name
    );
    get diagnostics gone = row_count;
    released := released + gone;
  end loop;
  update metrics.workers as w set graphile_ids = '{}'
  where w.seen_at < clock_timestamp() - interval '10 seconds' and cardinality(w.graphile_ids) > 0;
  return released;
end; $function$;
comment on function metrics.worker_beat(text,text[]) is 'The heartbeat of a worker process with its ids as a graphile-worker. Takes over from processes not seen for 10 seconds: their rows are counted anew, their jobs unlocked. Returns how many batches were released.';

CREATE OR REPLACE FUNCTION metrics.worker_gone(worker text)
 RETURNS void
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
declare
  source record;
  ids text[];
begin
  select w.graphile_ids into ids from metrics.workers as w where w.worker = worker_gone.worker for update;
  -- What it could not finish, for want of a connection, would stay locked for hours.
  if cardinality(ids) > 0 then
    perform graphile_worker.force_unlock_workers(ids);
  end if;
  update metrics.workers as w set stopped_at = clock_timestamp(), graphile_ids = '{}'
  where w.worker = worker_gone.worker;
  for source in select a.schema_name from metrics.attachments as a loop
    execute format('delete from %I.token_batches as b where b.worker = $1', source.schema_name) using worker;
  end loop;
end; $function$;
comment on function metrics.worker_gone(text) is 'Says that a worker process ends in good order, and gives back what it had begun.';

CREATE OR REPLACE FUNCTION metrics.write_token_counts(batch bigint, conversation_ids bigint[], prompt_tokens integer[], completion_tokens integer[], versions xid[], prompt_digests bigint[], completion_digests bigint[], encodings metrics.encoding[], encodings_assumed boolean[], OUT written integer, OUT dropped integer)
 RETURNS record
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET plan_cache_mode TO 'force_generic_plan'
 SET enable_hashjoin TO 'off'
 SET enable_mergejoin TO 'off'
 SET enable_seqscan TO 'off'
 SET join_collapse_limit TO '8'
 SET from_collapse_limit TO '8'
 SET jit TO 'off'
AS $function$
declare
  changed_at constant timestamptz := clock_timestamp();
  keys uuid[];
  lane smallint;
  sessions uuid[];
  ids metrics.token_batches.conversation_ids%type;
begin
  delete from metrics.token_batches as b where b.batch_id = batch returning b.session_keys, b.lane into keys, lane;
  if not found then
    -- Taken for dead, and given to another worker.
    written := 0;
    dropped := cardinality(conversation_ids);
    return;
  end if;

  -- One write-back at a time in a lane, or each would pass over what the other has locked.
  perform pg_advisory_xact_lock(hashtextextended('metrics.token_counts', lane));
  -- In the order of every other write: metrics rows, then ledger rows.
  sessions := array(
    select locked.session_key
    from (
      select m.session_key
      from unnest(keys) as key
      join public.conversation_metrics as m on m.session_key = key
      order by m.session_key
      for no key update of m skip locked
    ) as locked
  );

  -- Read under the locks of the sessions: only what is still the text that was counted. An entry that is the
  -- version that was read has that text: whoever changes a text writes its entry anew (metrics.apply_messages). Of
  -- any other version the digest decides, since neighbours and feedback write it too. A writer that changed the
  -- text but has yet to count its change finds another digest then, and makes it an estimate again.
  with exact as materialized (
    select
      c.*, l.ctid as place,
      l.prompt_tokens as old_prompt_tokens, l.completion_tokens as old_completion_tokens,
      case when l.prompt_source = 'estimate' then l.user_messages else 0 end as estimated_prompts,
      case when l.completion_source = 'estimate' then l.ai_messages else 0 end as estimated_completions,
      coalesce(
        l.prompt_source <> 'provider'
          and c.prompt_digest = case when l.xmin = c.version then c.prompt_digest else present.prompt_digest end,
        false
      ) as prompt,
      coalesce(
        l.completion_source <> 'provider'
          and c.completion_digest = case when l.xmin = c.version then c.completion_digest else present.completion_digest end,
        false
      ) as completion
    from unnest(
      write_token_counts.conversation_ids, write_token_counts.prompt_tokens, write_token_counts.completion_tokens,
      versions, prompt_digests, completion_digests, encodings, encodings_assumed
    ) as c (
      conversation_id, prompt_tokens, completion_tokens, version, prompt_digest, completion_digest, encoding, encoding_assumed
    )
    join metrics.messages as l on l.conversation_id = c.conversation_id
    left join lateral (
      select
        metrics.text_digest(s.model, s.message, null) as prompt_digest,
        metrics.text_digest(s.model, case when s.role = 'assistant' then s.message end, s.response) as completion_digest
      from metrics.source_messages as s
      where s.conversation_id = c.conversation_id and l.xmin <> c.version
      offset 0
    ) as present on true
    -- Looked up by hash; as a condition by itself it would be a join, of each with each.
    where coalesce(l.session_key in (select session from unnest(sessions) as session), false)
    -- Feedback marks ledger rows without their session.
    for no key update of l skip locked
  ),
  changed as (
    update metrics.messages as l
    set
      prompt_tokens = case when exact.prompt then exact.prompt_tokens else l.prompt_tokens end,
      prompt_source = case when exact.prompt then 'tiktoken' else l.prompt_source end,
      prompt_digest = case when exact.prompt then exact.prompt_digest else l.prompt_digest end,
      completion_tokens = case when exact.completion then exact.completion_tokens else l.completion_tokens end,
      completion_source = case when exact.completion then 'tiktoken' else l.completion_source end,
      completion_digest = case when exact.completion then exact.completion_digest else l.completion_digest end,
      encoding = exact.encoding,
      encoding_assumed = exact.encoding_assumed,
      counted_at = changed_at
    from exact
    where l.ctid = exact.place and (exact.prompt or exact.completion)
    returning
      l.session_key,
      l.prompt_tokens - exact.old_prompt_tokens as prompt_tokens,
      l.completion_tokens - exact.old_completion_tokens as completion_tokens,
      case when exact.prompt then exact.estimated_prompts else 0 end
        + case when exact.completion then exact.estimated_completions else 0 end as counted_messages
  ),
  summed as (
    select
      changed.session_key, count(*) as message_rows, sum(changed.prompt_tokens) as prompt_tokens,
      sum(changed.completion_tokens) as completion_tokens, sum(changed.counted_messages) as counted_messages
    from changed
    group by changed.session_key
  ),
  applied as (
    update public.conversation_metrics as m
    set
      prompt_tokens = m.prompt_tokens + summed.prompt_tokens,
      completion_tokens = m.completion_tokens + summed.completion_tokens,
      estimated_messages = m.estimated_messages - summed.counted_messages,
      updated_at = changed_at
    from summed
    where m.session_key = summed.session_key
    returning m.conversation_start, m.organization_id
  ),
  -- As metrics.mark_rollups.
  marked as (
    insert into metrics.rollup_changes (starts_at, organization_id)
    select distinct metrics.quarter_hour(a.conversation_start), a.organization_id::text
    from applied as a
    where a.conversation_start < changed_at - metrics.rollup_delay()
  )
  select coalesce((select sum(summed.message_rows) from summed), 0), array(select exact.conversation_id from exact)
  into written, ids;
  dropped := cardinality(write_token_counts.conversation_ids) - written;

  if exists (select from metrics.token_retries) then
    delete from metrics.token_retries as r using unnest(ids) as id where r.conversation_id = id;
  end if;
  if dropped > 0 then
    insert into metrics.token_retries (conversation_id, retry_at)
    select l.conversation_id, clock_timestamp() + interval '2 seconds'
    from unnest(write_token_counts.conversation_ids) as id
    join metrics.messages as l on l.conversation_id = id
    where not exists (select from unnest(ids) as locked_id where locked_id = id)
    on conflict (conversation_id) do update set retry_at = excluded.retry_at;
  end if;
end; $function$;
comment on function metrics.write_token_counts(bigint,bigint[],integer[],integer[],xid[],bigint[],bigint[],metrics.encoding[],boolean[]) is 'Puts the exact counts of a batch into ledger and metrics and ends the batch; the arrays hold what metrics.read_token_batch gave and the counts, one element a row. Drops counts of texts that changed since, rows that are gone, and, to be tried again in 2 seconds, what a transaction under way has locked.';

CREATE OR REPLACE FUNCTION public.report_conversations(filter public.report_filter DEFAULT public.report_filter(), sort text DEFAULT 'conversation_start'::text, descending boolean DEFAULT true, page_size integer DEFAULT 50, after text DEFAULT NULL::text)
 RETURNS TABLE(source text, session_id text, organization_id text, widget_id text, user_id text, conversation_id text, conversation_start timestamp with time zone, conversation_end timestamp with time zone, conversation_duration double precision, total_messages integer, user_messages integer, ai_messages integer, total_tokens bigint, prompt_tokens bigint, completion_tokens bigint, estimated_messages integer, average_response_time double precision, response_count integer, has_lead boolean, lead_name text, lead_email text, lead_company text, user_satisfaction double precision, rating_count integer, created_at timestamp with time zone, updated_at timestamp with time zone, session_key uuid, cursor text)
 LANGUAGE plpgsql
 STABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET jit TO 'off'
 SET extra_float_digits TO '1'
 SET "DateStyle" TO 'ISO, YMD'
 SET "TimeZone" TO 'UTC'
AS $function$
declare
  f constant public.report_filter := metrics.checked_filter(filter);
  kind constant text := metrics.sort_type(sort);
  -- Bytewise, so that no change of a collation's rules reorders a page.
  ordered constant text := format('m.%I%s', sort, case kind when 'text' then ' collate "C"' else '' end);
  place constant record := metrics.page_place(after, sort, descending);
  found_rows bigint := 0;
  query text;
begin
  perform metrics.source_schema(f.source);
  if page_size is null or page_size < 0 then
    raise exception 'page_size cannot be %', coalesce(page_size::text, 'NULL')
      using errcode = 'invalid_row_count_in_limit_clause', hint = 'How many conversations a page holds: 0 or more.';
  end if;
  query := format(
    $sql$
    select
      m.source, m.session_id, m.organization_id, m.widget_id, m.user_id, m.conversation_id,
      m.conversation_start, m.conversation_end, m.conversation_duration, m.total_messages, m.user_messages,
      m.ai_messages, m.total_tokens, m.prompt_tokens, m.completion_tokens, m.estimated_messages,
      m.average_response_time, m.response_count, m.has_lead, m.lead_name, m.lead_email, m.lead_company,
      m.user_satisfaction, m.rating_count, m.created_at, m.updated_at,
      m.session_key,
      jsonb_build_array(%1$L, $5, m.%2$I::text, m.session_key)::text
    from public.report_sessions($1) as m
    $sql$,
    sort, sort
  );
  -- NULLs are last either way: those that have a value first, in an order that an index can give.
  if place.session_key is null or place.value is not null then
    return query execute query || format(
      ' where m.%1$I is not null %2$s order by %3$s %4$s, m.session_key limit $4',
      sort,
      case when place.session_key is not null then format(
        'and %1$s %2$s $2::%3$s%4$s and (%1$s %5$s $2::%3$s%4$s or m.session_key > $3)',
        ordered, case when descending then '<=' else '>=' end, kind, case kind when 'text' then ' collate "C"' else '' end,
        case when descending then '<' else '>' end
      ) end,
      ordered, case when descending then 'desc' else 'asc' end
    ) using f, place.value, place.session_key, page_size, descending;
    get diagnostics found_rows = row_count;
  end if;
  if found_rows < page_size then
    return query execute query || format(
      ' where m.%I is null and ($3 is null or m.session_key > $3) order by m.session_key limit $4', sort
    ) using f, null, case when place.value is null then place.session_key end, page_size - found_rows, descending;
  end if;
end; $function$;
comment on function public.report_conversations(public.report_filter,text,boolean,integer,text) is 'One row for each conversation whose conversation_start is in the filter''s range, a page at a time: give the cursor of a page''s last row as after to get the next one. sort: any column but source, session_key and cursor; text and ids in bytewise order; NULLs last in both directions; ties by session_key. A page deep in the list costs what the first does, and no conversation comes twice or is left out because others come meanwhile. Durations and response times are seconds.';

CREATE OR REPLACE FUNCTION public.report_daily(filter public.report_filter DEFAULT public.report_filter())
 RETURNS TABLE(day date, starts_at timestamp with time zone, ends_at timestamp with time zone, conversations bigint, messages bigint, user_messages bigint, ai_messages bigint, total_tokens bigint, prompt_tokens bigint, completion_tokens bigint, estimated_messages bigint, leads bigint, conversion_rate numeric, ratings bigint, average_satisfaction numeric, average_messages numeric, average_tokens numeric, average_response_time numeric, average_duration numeric, previous_conversations bigint, previous_messages bigint, previous_total_tokens bigint, previous_leads bigint, previous_conversion_rate numeric, previous_average_satisfaction numeric, previous_average_response_time numeric)
 LANGUAGE sql
 STABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
BEGIN ATOMIC
 SELECT p.period,
     p.starts_at,
     p.ends_at,
     p.conversations,
     p.messages,
     p.user_messages,
     p.ai_messages,
     p.total_tokens,
     p.prompt_tokens,
     p.completion_tokens,
     p.estimated_messages,
     p.leads,
     p.conversion_rate,
     p.ratings,
     p.average_satisfaction,
     p.average_messages,
     p.average_tokens,
     p.average_response_time,
     p.average_duration,
     p.previous_conversations,
     p.previous_messages,
     p.previous_total_tokens,
     p.previous_leads,
     p.previous_conversion_rate,
     p.previous_average_satisfaction,
     p.previous_average_response_time
    FROM metrics.report_periods(report_daily.filter, 'day'::text) p(period, starts_at, ends_at, conversations, messages, user_messages, ai_messages, total_tokens, prompt_tokens, completion_tokens, estimated_messages, leads, conversion_rate, ratings, average_satisfaction, average_messages, average_tokens, average_response_time, average_duration, previous_conversations, previous_messages, previous_total_tokens, previous_leads, previous_conversion_rate, previous_average_satisfaction, previous_average_response_time);
END;
comment on function public.report_daily(public.report_filter) is 'One row for each day of the filter''s range in its time zone, also an empty one, by conversation_start, cut to the range: starts_at counts, ends_at no longer does. The rows add up to the range. Beside it what corresponds in the previous period of equal length. Average times are seconds, conversion_rate is the share of conversations with a lead (0 to 1), average_satisfaction is the mean of all ratings (1 to 5), averages of messages and tokens are per conversation; NULL where there is nothing to average. A last row without a day, only without both bounds: conversations whose start is unknown.';

CREATE OR REPLACE FUNCTION public.report_filter(organization text DEFAULT NULL::text, from_time timestamp with time zone DEFAULT NULL::timestamp with time zone, to_time timestamp with time zone DEFAULT NULL::timestamp with time zone, time_zone text DEFAULT 'UTC'::text, widget text DEFAULT NULL::text, user_id text DEFAULT NULL::text, min_tokens bigint DEFAULT NULL::bigint, max_tokens bigint DEFAULT NULL::bigint, has_lead boolean DEFAULT NULL::boolean, min_satisfaction numeric DEFAULT NULL::numeric, max_satisfaction numeric DEFAULT NULL::numeric, source text DEFAULT 'default'::text, no_organization boolean DEFAULT false, weekday integer DEFAULT NULL::integer, hour integer DEFAULT NULL::integer)
 RETURNS public.report_filter
 LANGUAGE plpgsql
 IMMUTABLE PARALLEL SAFE
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
begin
  return metrics.checked_filter(
    row(
      organization, from_time, to_time, time_zone, widget, user_id, min_tokens, max_tokens, has_lead,
      min_satisfaction, max_satisfaction, source, no_organization, weekday, hour
    )::public.report_filter
  );
end; $function$;
comment on function public.report_filter(text,timestamp with time zone,timestamp with time zone,text,text,text,bigint,bigint,boolean,numeric,numeric,text,boolean,integer,integer) is 'Which conversations a report is about; all arguments optional, by name: report_filter(organization => ''7'', from_time => ''2026-01-01'', to_time => ''2026-02-01'', time_zone => ''Europe/Berlin''). Every report goes by conversation_start: from_time counts, to_time no longer does. time_zone (IANA) is that of days, weeks, months and hours. Tokens and satisfaction (mean rating, 1 to 5): both limits count. no_organization: only conversations whose organization is NULL. weekday (1 = Monday to 7) and hour (0 to 23): those that started then, on the clocks of time_zone. source: a name of metrics.attachments. Ids are texts.';

CREATE OR REPLACE FUNCTION public.report_hours(filter public.report_filter DEFAULT public.report_filter())
 RETURNS TABLE(weekday integer, hour integer, conversations bigint, messages bigint, total_tokens bigint, previous_conversations bigint, previous_messages bigint)
 LANGUAGE plpgsql
 STABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET plan_cache_mode TO 'force_custom_plan'
 SET jit TO 'off'
AS $function$
#variable_conflict use_column
declare
  f constant public.report_filter := metrics.checked_filter(filter);
  before constant record := metrics.previous_period(f);
begin
  perform metrics.source_schema(f.source);
  return query
  select
    d.weekday, h.hour,
    coalesce(c.conversations, 0), coalesce(c.messages, 0), coalesce(c.total_tokens, 0),
    case when before.is_there then coalesce(p.conversations, 0) end,
    case when before.is_there then coalesce(p.messages, 0) end
  from generate_series(1, 7) as d (weekday)
  cross join generate_series(0, 23) as h (hour)
  left join metrics.hour_sums(f) as c on (c.weekday, c.hour) = (d.weekday, h.hour)
  left join metrics.hour_sums(before.filter_before) as p on (p.weekday, p.hour) = (d.weekday, h.hour)
  order by d.weekday, h.hour;
end; $function$;
comment on function public.report_hours(public.report_filter) is 'When conversations start: 168 rows, weekday (1 = Monday to 7) by hour (0 to 23) on the clocks of the filter''s time zone, by conversation_start. messages and total_tokens are those of the conversations that started then. An hour that the clocks repeat counts twice as long, one that they leave out is 0. Beside it the same weekday and hour of the previous period of equal length.';

CREATE OR REPLACE FUNCTION public.report_leads(filter public.report_filter DEFAULT public.report_filter(), split_by text DEFAULT 'total'::text, prices text DEFAULT 'charged'::text, what_if jsonb DEFAULT NULL::jsonb, currency text DEFAULT 'USD'::text)
 RETURNS TABLE(key text, conversations bigint, converted_conversations bigint, conversion_rate numeric, leads bigint, leads_with_email bigint, cost numeric, cost_per_lead numeric, unpriced_messages bigint, unpriced_tokens bigint, previous_conversations bigint, previous_converted_conversations bigint, previous_conversion_rate numeric, previous_leads bigint, previous_leads_with_email bigint, previous_cost_per_lead numeric)
 LANGUAGE plpgsql
 STABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET jit TO 'off'
AS $function$
#variable_conflict use_column
declare
  f constant public.report_filter := metrics.checked_filter(filter);
  before constant record := metrics.previous_period(f);
begin
  perform metrics.checked_prices(prices, what_if, report_leads.currency);
  return query
  with parts as materialized (
    select false as is_before, c.* from metrics.lead_sums(f, split_by, 0, interval '0') as c
    union all
    select true, p.* from metrics.lead_sums(before.filter_before, split_by, before.days, before.duration) as p
    where before.is_there
  ),
  costs as materialized (
    select false as is_before, t.key, t.cost, t.unpriced_messages, t.unpriced_tokens
    from metrics.token_costs(f, split_by, 0, interval '0', prices, what_if, report_leads.currency) as t
    union all
    select true, t.key, t.cost, t.unpriced_messages, t.unpriced_tokens
    from metrics.token_costs(before.filter_before, split_by, before.days, before.duration, prices, what_if,
      report_leads.currency) as t
    where before.is_there
  )
  select
    k.key, coalesce(c.conversations, 0), coalesce(c.converted, 0),
    metrics.ratio(c.converted, c.conversations, 4),
    coalesce(c.leads, 0), coalesce(c.leads_with_email, 0),
    case when t.unpriced_messages is null then 0 else t.cost end,
    metrics.ratio(case when t.unpriced_messages is null then 0 else t.cost end, c.leads, 6),
    coalesce(t.unpriced_messages, 0), coalesce(t.unpriced_tokens, 0),
    case when before.is_there then coalesce(p.conversations, 0) end,
    case when before.is_there then coalesce(p.converted, 0) end,
    metrics.ratio(p.converted, p.conversations, 4),
    case when before.is_there then coalesce(p.leads, 0) end,
    case when before.is_there then coalesce(p.leads_with_email, 0) end,
    metrics.ratio(case when u.unpriced_messages is null then 0 else u.cost end, p.leads, 6)
  from metrics.report_keys(f, split_by, array(select distinct s.key from parts as s)) as k
  left join parts as c on not c.is_before and c.key is not distinct from k.key
  left join parts as p on p.is_before and p.key is not distinct from k.key
  left join costs as t on not t.is_before and t.key is not distinct from k.key
  left join costs as u on u.is_before and u.key is not distinct from k.key
  order by case split_by when 'day' then k.key end, coalesce(c.leads, 0) desc, k.key collate "C";
end; $function$;
comment on function public.report_leads(public.report_filter,text,text,jsonb,text) is 'Leads of the conversations whose conversation_start is in the filter''s range (not by when the lead was captured, so that rate and cost are of the same conversations), by split_by: total, widget (of the conversation) or day (of conversation_start in the filter''s time zone, empty days too). converted_conversations have at least one lead; conversion_rate is their share (0 to 1); leads counts every lead row, leads_with_email those with an address. cost is that of all tokens of these conversations, as in report_tokens, cost_per_lead that divided by leads (NULL without any); what has no price is in unpriced_* and in neither. Beside it the previous period of equal length. Leads of a session without any message belong to no conversation.';

CREATE OR REPLACE FUNCTION public.report_model_days(filter public.report_filter DEFAULT public.report_filter(), prices text DEFAULT 'charged'::text, what_if jsonb DEFAULT NULL::jsonb, currency text DEFAULT 'USD'::text)
 RETURNS TABLE(day date, model text, messages bigint, total_tokens bigint, prompt_tokens bigint, completion_tokens bigint, cost numeric, unpriced_messages bigint, unpriced_tokens bigint)
 LANGUAGE plpgsql
 STABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET jit TO 'off'
AS $function$
#variable_conflict use_column
declare
  f constant public.report_filter := metrics.checked_filter(filter);
begin
  perform metrics.checked_prices(prices, what_if, report_model_days.currency);
  return query
  select
    (c.key::jsonb ->> 0)::date, c.key::jsonb ->> 1,
    c.messages, c.prompt_tokens + c.completion_tokens, c.prompt_tokens, c.completion_tokens, c.cost,
    c.unpriced_messages, c.unpriced_tokens
  from metrics.token_costs(f, 'model_day', 0, interval '0', prices, what_if, report_model_days.currency) as c
  order by 1, 4 desc, (c.key::jsonb ->> 1) collate "C";
end; $function$;
comment on function public.report_model_days(public.report_filter,text,jsonb,text) is 'Tokens and their cost for each day and model, over the conversations whose conversation_start is in the filter''s range: day (of conversation_start in the filter''s time zone; NULL: unknown), model (NULL: none given); days and models without a message have no row. Adds up to report_tokens by day and by model. cost is NULL where nothing has a price; prices, what_if and currency are those of report_tokens.';

CREATE OR REPLACE FUNCTION public.report_monthly(filter public.report_filter DEFAULT public.report_filter())
 RETURNS TABLE(month date, starts_at timestamp with time zone, ends_at timestamp with time zone, conversations bigint, messages bigint, user_messages bigint, ai_messages bigint, total_tokens bigint, prompt_tokens bigint, completion_tokens bigint, estimated_messages bigint, leads bigint, conversion_rate numeric, ratings bigint, average_satisfaction numeric, average_messages numeric, average_tokens numeric, average_response_time numeric, average_duration numeric, previous_conversations bigint, previous_messages bigint, previous_total_tokens bigint, previous_leads bigint, previous_conversion_rate numeric, previous_average_satisfaction numeric, previous_average_response_time numeric)
 LANGUAGE sql
 STABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
BEGIN ATOMIC
 SELECT p.period,
     p.starts_at,
     p.ends_at,
     p.conversations,
     p.messages,
     p.user_messages,
     p.ai_messages,
     p.total_tokens,
     p.prompt_tokens,
     p.completion_tokens,
     p.estimated_messages,
     p.leads,
     p.conversion_rate,
     p.ratings,
     p.average_satisfaction,
     p.average_messages,
     p.average_tokens,
     p.average_response_time,
     p.average_duration,
     p.previous_conversations,
     p.previous_messages,
     p.previous_total_tokens,
     p.previous_leads,
     p.previous_conversion_rate,
     p.previous_average_satisfaction,
     p.previous_average_response_time
    FROM metrics.report_periods(report_monthly.filter, 'month'::text) p(period, starts_at, ends_at, conversations, messages, user_messages, ai_messages, total_tokens, prompt_tokens, completion_tokens, estimated_messages, leads, conversion_rate, ratings, average_satisfaction, average_messages, average_tokens, average_response_time, average_duration, previous_conversations, previous_messages, previous_total_tokens, previous_leads, previous_conversion_rate, previous_average_satisfaction, previous_average_response_time);
END;
comment on function public.report_monthly(public.report_filter) is 'One row for each month (by its first day) of the filter''s range in its time zone, also an empty one, by conversation_start, cut to the range: starts_at counts, ends_at no longer does. The rows add up to the range. Beside it what corresponds in the previous period of equal length. Average times are seconds, conversion_rate is the share of conversations with a lead (0 to 1), average_satisfaction is the mean of all ratings (1 to 5), averages of messages and tokens are per conversation; NULL where there is nothing to average. A last row without a month, only without both bounds: conversations whose start is unknown.';

CREATE OR REPLACE FUNCTION public.report_response_times(filter public.report_filter DEFAULT public.report_filter())
 RETURNS TABLE(measure text, count bigint, average double precision, p50 double precision, p90 double precision, p95 double precision, p99 double precision, previous_count bigint, previous_average double precision, previous_p50 double precision, previous_p90 double precision, previous_p95 double precision, previous_p99 double precision, is_exact boolean)
 LANGUAGE plpgsql
 STABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET jit TO 'off'
AS $function$
#variable_conflict use_column
declare
  f constant public.report_filter := metrics.checked_filter(filter);
  before constant record := metrics.previous_period(f);
  ledger constant name := metrics.source_schema(f.source);
  is_rolled constant boolean := metrics.times_query(f) is not null and metrics.most_sorted() < (
    select coalesce(sum(s.conversations), 0)
    from (
      select c.conversations from metrics.period_sums(f, 'all', 0, '0') as c
      union all
      select c.conversations from metrics.period_sums(before.filter_before, 'all', 0, '0') as c where before.is_there
    ) as s
  );
  is_rolled_before constant boolean := is_rolled and before.is_there and metrics.times_query(before.filter_before) is not null;
begin
  return query
  with current as (
    select t.* from metrics.rolled_percentiles(f) as t where is_rolled
    union all
    select t.* from metrics.time_percentiles(f, ledger) as t where not is_rolled
  ),
  previous as (
    select t.* from metrics.rolled_percentiles(before.filter_before) as t where is_rolled_before
    union all
    select t.* from metrics.time_percentiles(before.filter_before, ledger) as t where before.is_there and not is_rolled_before
  )
  select
    o.measure,
    c.count, round(c.average) / 1000000, round(c.percentiles[1]) / 1000000, round(c.percentiles[2]) / 1000000,
      round(c.percentiles[3]) / 1000000, round(c.percentiles[4]) / 1000000,
    p.count, round(p.average) / 1000000, round(p.percentiles[1]) / 1000000, round(p.percentiles[2]) / 1000000,
      round(p.percentiles[3]) / 1000000, round(p.percentiles[4]) / 1000000,
    not is_rolled
  from unnest(array['answer', 'conversation', 'duration']) with ordinality as o (measure, place)
  left join current as c on c.measure = o.measure
  left join previous as p on p.measure = o.measure
  order by o.place;
end; $function$;
comment on function public.report_response_times(public.report_filter) is 'Three rows of seconds, each with its count, mean and percentiles, over the conversations whose conversation_start is in the filter''s range: answer = every single response time of theirs, from the ledger; conversation = their average_response_time; duration = their conversation_duration. Beside it the previous period of equal length. What is unknown does not count. Count and mean are exact. is_exact: the percentiles are, too (percentile_cont, to the microsecond); otherwise, over more than 50,000 conversations of both periods that rollups tell of, they are at most 1 % away.';

CREATE OR REPLACE FUNCTION public.report_satisfaction(filter public.report_filter DEFAULT public.report_filter())
 RETURNS TABLE(rating integer, ratings bigint, share numeric, conversations bigint, previous_ratings bigint, previous_share numeric, previous_conversations bigint)
 LANGUAGE plpgsql
 STABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET jit TO 'off'
AS $function$
#variable_conflict use_column
declare
  f constant public.report_filter := metrics.checked_filter(filter);
  before constant record := metrics.previous_period(f);
  ledger constant name := metrics.source_schema(f.source);
begin
  return query
  select
    c.rating,
    c.ratings, metrics.ratio(c.ratings, sum(c.ratings) over (), 4), c.conversations,
    p.ratings, metrics.ratio(p.ratings, sum(p.ratings) over (), 4), p.conversations
  from metrics.rating_counts(f, ledger) as c
  left join metrics.rating_counts(before.filter_before, ledger) as p on p.rating = c.rating and before.is_there
  order by c.rating;
end; $function$;
comment on function public.report_satisfaction(public.report_filter) is 'Five rows, rating 1 to 5, over the conversations whose conversation_start is in the filter''s range: how many single ratings of that value they have (a fraction counts for the nearest, half upwards), their share of all ratings (0 to 1), and how many conversations have that mean rating, rounded the same way. Beside it the previous period of equal length.';

CREATE OR REPLACE FUNCTION public.report_sessions(filter public.report_filter)
 RETURNS TABLE(source text, session_key uuid, conversation_id text, session_id text, organization_id text, widget_id text, user_id text, total_messages integer, user_messages integer, ai_messages integer, total_tokens bigint, prompt_tokens bigint, completion_tokens bigint, estimated_messages integer, conversation_start timestamp with time zone, conversation_end timestamp with time zone, conversation_duration double precision, average_response_time double precision, response_count integer, response_us_sum numeric, has_lead boolean, lead_name text, lead_email text, lead_company text, user_satisfaction double precision, rating_count integer, rating_sum numeric, created_at timestamp with time zone, updated_at timestamp with time zone)
 LANGUAGE sql
 STABLE PARALLEL SAFE
BEGIN ATOMIC
 SELECT m.source,
     m.session_key,
     m.conversation_id,
     m.session_id,
     m.organization_id,
     m.widget_id,
     m.user_id,
     m.total_messages,
     m.user_messages,
     m.ai_messages,
     m.total_tokens,
     m.prompt_tokens,
     m.completion_tokens,
     m.estimated_messages,
     m.conversation_start,
     m.conversation_end,
     m.conversation_duration,
     m.average_response_time,
     m.response_count,
     m.response_us_sum,
     m.has_lead,
     m.lead_name,
     m.lead_email,
     m.lead_company,
     m.user_satisfaction,
     m.rating_count,
     m.rating_sum,
     m.created_at,
     m.updated_at
    FROM public.all_conversation_metrics m
   WHERE ((m.source = COALESCE((report_sessions.filter).source, 'default'::text)) AND (((report_sessions.filter).organization IS NULL) OR (m.organization_id = (report_sessions.filter).organization)) AND (((report_sessions.filter).no_organization IS NOT TRUE) OR (m.organization_id IS NULL)) AND (((report_sessions.filter).from_time IS NULL) OR (m.conversation_start >= (report_sessions.filter).from_time)) AND (((report_sessions.filter).to_time IS NULL) OR (m.conversation_start < (report_sessions.filter).to_time)) AND (((report_sessions.filter).widget IS NULL) OR (m.widget_id = (report_sessions.filter).widget)) AND (((report_sessions.filter).user_id IS NULL) OR (m.user_id = (report_sessions.filter).user_id)) AND (((report_sessions.filter).min_tokens IS NULL) OR (m.total_tokens >= (report_sessions.filter).min_tokens)) AND (((report_sessions.filter).max_tokens IS NULL) OR (m.total_tokens <= (report_sessions.filter).max_tokens)) AND (((report_sessions.filter).has_lead IS NULL) OR (m.has_lead = (report_sessions.filter).has_lead)) AND (((report_sessions.filter).min_satisfaction IS NULL) OR ((m.rating_count > 0) AND (m.rating_sum >= ((report_sessions.filter).min_satisfaction * (m.rating_count)::numeric)))) AND (((report_sessions.filter).max_satisfaction IS NULL) OR ((m.rating_count > 0) AND (m.rating_sum <= ((report_sessions.filter).max_satisfaction * (m.rating_count)::numeric)))) AND (((report_sessions.filter).weekday IS NULL) OR (EXTRACT(isodow FROM (m.conversation_start AT TIME ZONE COALESCE((report_sessions.filter).time_zone, 'UTC'::text))) = ((report_sessions.filter).weekday)::numeric)) AND (((report_sessions.filter).hour IS NULL) OR (EXTRACT(hour FROM (m.conversation_start AT TIME ZONE COALESCE((report_sessions.filter).time_zone, 'UTC'::text))) = ((report_sessions.filter).hour)::numeric)));
END;
comment on function public.report_sessions(public.report_filter) is 'The rows of all_conversation_metrics that a filter lets through, by conversation_start: what every report counts, and the one place that filters. Tokens, seconds, ratings 1 to 5. A conversation without a known start is there only without from_time and to_time.';

CREATE OR REPLACE FUNCTION public.report_summary(filter public.report_filter DEFAULT public.report_filter())
 RETURNS TABLE(from_time timestamp with time zone, to_time timestamp with time zone, previous_from_time timestamp with time zone, conversations bigint, messages bigint, user_messages bigint, ai_messages bigint, total_tokens bigint, prompt_tokens bigint, completion_tokens bigint, estimated_messages bigint, leads bigint, conversion_rate numeric, ratings bigint, average_satisfaction numeric, average_messages numeric, average_tokens numeric, average_response_time numeric, average_duration numeric, previous_conversations bigint, previous_messages bigint, previous_user_messages bigint, previous_ai_messages bigint, previous_total_tokens bigint, previous_prompt_tokens bigint, previous_completion_tokens bigint, previous_estimated_messages bigint, previous_leads bigint, previous_conversion_rate numeric, previous_ratings bigint, previous_average_satisfaction numeric, previous_average_messages numeric, previous_average_tokens numeric, previous_average_response_time numeric, previous_average_duration numeric)
 LANGUAGE plpgsql
 STABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET plan_cache_mode TO 'force_generic_plan'
 SET jit TO 'off'
AS $function$
#variable_conflict use_column
declare
  f constant public.report_filter := metrics.checked_filter(filter);
  before constant record := metrics.previous_period(f);
begin
  perform metrics.source_schema(f.source);
  return query
  select
    f.from_time, f.to_time, case when before.is_there then (before.filter_before).from_time end,
    coalesce(c.conversations, 0),
    coalesce(c.user_messages + c.ai_messages, 0),
    coalesce(c.user_messages, 0),
    coalesce(c.ai_messages, 0),
    coalesce(c.prompt_tokens + c.completion_tokens, 0),
    coalesce(c.prompt_tokens, 0),
    coalesce(c.completion_tokens, 0),
    coalesce(c.estimated_messages, 0),
    coalesce(c.leads, 0),
    metrics.ratio(c.leads, c.conversations, 4),
    coalesce(c.rating_count, 0),
    metrics.ratio(c.rating_sum, c.rating_count, 4),
    metrics.ratio(c.user_messages + c.ai_messages, c.conversations, 4),
    metrics.ratio(c.prompt_tokens + c.completion_tokens, c.conversations, 4),
    metrics.ratio(c.response_us_sum, c.response_count * 1000000::numeric, 6),
    metrics.ratio(extract(epoch from c.duration_sum), c.timed_conversations, 6),
    case when before.is_there then coalesce(p.conversations, 0) end,
    case when before.is_there then coalesce(p.user_messages + p.ai_messages, 0) end,
    case when before.is_there then coalesce(p.user_messages, 0) end,
    case when before.is_there then coalesce(p.ai_messages, 0) end,
    case when before.is_there then coalesce(p.prompt_tokens + p.completion_tokens, 0) end,
    case when before.is_there then coalesce(p.prompt_tokens, 0) end,
    case when before.is_there then coalesce(p.completion_tokens, 0) end,
    case when before.is_there then coalesce(p.estimated_messages, 0) end,
    case when before.is_there then coalesce(p.leads, 0) end,
    metrics.ratio(p.leads, p.conversations, 4),
    case when before.is_there then coalesce(p.rating_count, 0) end,
    metrics.ratio(p.rating_sum, p.rating_count, 4),
    metrics.ratio(p.user_messages + p.ai_messages, p.conversations, 4),
    metrics.ratio(p.prompt_tokens + p.completion_tokens, p.conversations, 4),
    metrics.ratio(p.response_us_sum, p.response_count * 1000000::numeric, 6),
    metrics.ratio(extract(epoch from p.duration_sum), p.timed_conversations, 6)
  from (select) as one_row
  left join metrics.period_sums(f, 'all', 0, interval '0') as c on true
  left join metrics.period_sums(before.filter_before, 'all', 0, interval '0') as p on before.is_there;
end; $function$;
comment on function public.report_summary(public.report_filter) is 'One row: the figures of the conversations whose conversation_start is in the filter''s range, and those of the previous period of equal length (NULL without both bounds). Average times are seconds, conversion_rate is the share of conversations with a lead (0 to 1), average_satisfaction is the mean of all ratings (1 to 5), averages of messages and tokens are per conversation; NULL where there is nothing to average.';

CREATE OR REPLACE FUNCTION public.report_tokens(filter public.report_filter DEFAULT public.report_filter(), split_by text DEFAULT 'model'::text, prices text DEFAULT 'charged'::text, what_if jsonb DEFAULT NULL::jsonb, currency text DEFAULT 'USD'::text)
 RETURNS TABLE(key text, messages bigint, total_tokens bigint, prompt_tokens bigint, completion_tokens bigint, estimated_tokens bigint, counted_tokens bigint, reported_tokens bigint, cost numeric, unpriced_messages bigint, unpriced_tokens bigint, previous_messages bigint, previous_total_tokens bigint, previous_cost numeric, previous_unpriced_tokens bigint)
 LANGUAGE plpgsql
 STABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET jit TO 'off'
AS $function$
#variable_conflict use_column
declare
  f constant public.report_filter := metrics.checked_filter(filter);
  before constant record := metrics.previous_period(f);
begin
  perform metrics.split_key(split_by, array['model', 'widget', 'day', 'total']);
  perform metrics.checked_prices(prices, what_if, report_tokens.currency);
  return query
  with parts as materialized (
    select false as is_before, c.*
    from metrics.token_costs(f, split_by, 0, interval '0', prices, what_if, report_tokens.currency) as c
    union all
    select true, p.*
    from metrics.token_costs(before.filter_before, split_by, before.days, before.duration, prices, what_if,
      report_tokens.currency) as p
    where before.is_there
  )
  select
    k.key,
    coalesce(c.messages, 0), coalesce(c.prompt_tokens + c.completion_tokens, 0), coalesce(c.prompt_tokens, 0),
    coalesce(c.completion_tokens, 0), coalesce(c.estimated_tokens, 0), coalesce(c.counted_tokens, 0),
    coalesce(c.reported_tokens, 0),
    -- Nothing costs nothing; something without a price is not known.
    case when c.messages > 0 then c.cost else 0 end,
    coalesce(c.unpriced_messages, 0), coalesce(c.unpriced_tokens, 0),
    case when before.is_there then coalesce(p.messages, 0) end,
    case when before.is_there then coalesce(p.prompt_tokens + p.completion_tokens, 0) end,
    case when before.is_there then case when p.messages > 0 then p.cost else 0 end end,
    case when before.is_there then coalesce(p.unpriced_tokens, 0) end
  from metrics.report_keys(f, split_by, array(select distinct s.key from parts as s)) as k
  left join parts as c on not c.is_before and c.key is not distinct from k.key
  left join parts as p on p.is_before and p.key is not distinct from k.key
  order by case split_by when 'day' then k.key end, coalesce(c.prompt_tokens + c.completion_tokens, 0) desc,
    k.key collate "C";
end; $function$;
comment on function public.report_tokens(public.report_filter,text,text,jsonb,text) is 'Tokens and their cost over the conversations whose conversation_start is in the filter''s range, by split_by: model (key NULL: none given), widget, day (of conversation_start in the filter''s time zone, empty days too) or total. estimated + counted + reported = total tokens, by where the count is from. cost is in the currency, by metrics.model_prices: prices = charged (at the time of each message) or today; what_if = other prices, {"gpt-4o": {"prompt": 2.5, "completion": 10}, "gpt-*": …}, per 1,000,000 tokens. What has no price is in unpriced_messages and unpriced_tokens and not in cost, which is NULL where nothing has one. Beside it the previous period of equal length.';

CREATE OR REPLACE FUNCTION public.report_weekly(filter public.report_filter DEFAULT public.report_filter())
 RETURNS TABLE(week date, starts_at timestamp with time zone, ends_at timestamp with time zone, conversations bigint, messages bigint, user_messages bigint, ai_messages bigint, total_tokens bigint, prompt_tokens bigint, completion_tokens bigint, estimated_messages bigint, leads bigint, conversion_rate numeric, ratings bigint, average_satisfaction numeric, average_messages numeric, average_tokens numeric, average_response_time numeric, average_duration numeric, previous_conversations bigint, previous_messages bigint, previous_total_tokens bigint, previous_leads bigint, previous_conversion_rate numeric, previous_average_satisfaction numeric, previous_average_response_time numeric)
 LANGUAGE sql
 STABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
BEGIN ATOMIC
 SELECT p.period,
     p.starts_at,
     p.ends_at,
     p.conversations,
     p.messages,
     p.user_messages,
     p.ai_messages,
     p.total_tokens,
     p.prompt_tokens,
     p.completion_tokens,
     p.estimated_messages,
     p.leads,
     p.conversion_rate,
     p.ratings,
     p.average_satisfaction,
     p.average_messages,
     p.average_tokens,
     p.average_response_time,
     p.average_duration,
     p.previous_conversations,
     p.previous_messages,
     p.previous_total_tokens,
     p.previous_leads,
     p.previous_conversion_rate,
     p.previous_average_satisfaction,
     p.previous_average_response_time
    FROM metrics.report_periods(report_weekly.filter, 'week'::text) p(period, starts_at, ends_at, conversations, messages, user_messages, ai_messages, total_tokens, prompt_tokens, completion_tokens, estimated_messages, leads, conversion_rate, ratings, average_satisfaction, average_messages, average_tokens, average_response_time, average_duration, previous_conversations, previous_messages, previous_total_tokens, previous_leads, previous_conversion_rate, previous_average_satisfaction, previous_average_response_time);
END;
comment on function public.report_weekly(public.report_filter) is 'One row for each ISO week (by its Monday) of the filter''s range in its time zone, also an empty one, by conversation_start, cut to the range: starts_at counts, ends_at no longer does. The rows add up to the range. Beside it what corresponds in the previous period of equal length. Average times are seconds, conversion_rate is the share of conversations with a lead (0 to 1), average_satisfaction is the mean of all ratings (1 to 5), averages of messages and tokens are per conversation; NULL where there is nothing to average. A last row without a week, only without both bounds: conversations whose start is unknown.';

CREATE OR REPLACE FUNCTION public.sync_conversation_metrics(conversation_id bigint)
 RETURNS void
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
#variable_conflict use_column
declare
  session record;
begin
  -- Brings a moved or deleted row out of the session that the ledger has it in.
  perform metrics.sync('messages', array[$1]);
  select s.organization_id, s.session_id into session
  from metrics.source_messages as s where s.conversation_id = $1;
  if found then
    perform public.sync_conversation_metrics($1, session.organization_id, session.session_id);
  end if;
end; $function$;
comment on function public.sync_conversation_metrics(bigint) is 'Derives the session of one message row from its source rows again.';

CREATE OR REPLACE FUNCTION public.sync_conversation_metrics(conversation_id bigint, organization_id bigint, session_id text)
 RETURNS void
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
#variable_conflict use_column
declare
  key constant uuid := metrics.session_key($2::text, $3::text);
begin
  perform metrics.sync('messages', array(
    select s.conversation_id from metrics.source_messages as s
    where s.session_id = $3 and s.organization_id is not distinct from $2
    union
    select l.conversation_id from metrics.messages as l where l.session_key = key
    union
    select $1 where $1 is not null
  ));
  perform metrics.sync('leads', array(
    select s.lead_id from metrics.source_leads as s
    where s.session_id::text = $3::text and s.organization_id::text is not distinct from $2::text
    union
    select l.lead_id from metrics.leads as l where l.session_key = key
  ));
  perform metrics.sync('feedback', array(
    select c.feedback_id from metrics.counted_feedback as c where c.session_key = key
    union
    select f.feedback_id from metrics.feedback as f where f.session_key = key
  ));
  perform metrics.rebuild_sessions(array[key]);
end; $function$;
comment on function public.sync_conversation_metrics(bigint,bigint,text) is 'Derives one session from its source rows again: by the id of one of its message rows (may be NULL), its organization (NULL for none) and its session id. Changes nothing where all is right.';


-- Triggers

CREATE TRIGGER _500_metrics_default_messages_delete AFTER DELETE ON public.conversations REFERENCING OLD TABLE AS deleted FOR EACH STATEMENT EXECUTE FUNCTION metrics.tg_conversations__delete();
CREATE TRIGGER _500_metrics_default_messages_insert AFTER INSERT ON public.conversations REFERENCING NEW TABLE AS inserted FOR EACH STATEMENT EXECUTE FUNCTION metrics.tg_conversations__insert();
CREATE TRIGGER _500_metrics_default_messages_truncate AFTER TRUNCATE ON public.conversations FOR EACH STATEMENT EXECUTE FUNCTION metrics.tg_conversations__truncate();
CREATE TRIGGER _500_metrics_default_messages_update AFTER UPDATE ON public.conversations REFERENCING OLD TABLE AS deleted NEW TABLE AS inserted FOR EACH STATEMENT EXECUTE FUNCTION metrics.tg_conversations__update();

CREATE TRIGGER _510_metrics_default_feedback_delete AFTER DELETE ON public.feedback REFERENCING OLD TABLE AS deleted FOR EACH STATEMENT EXECUTE FUNCTION metrics.tg_feedback__count();
CREATE TRIGGER _510_metrics_default_feedback_insert AFTER INSERT ON public.feedback REFERENCING NEW TABLE AS inserted FOR EACH STATEMENT EXECUTE FUNCTION metrics.tg_feedback__count();
CREATE TRIGGER _510_metrics_default_feedback_truncate AFTER TRUNCATE ON public.feedback FOR EACH STATEMENT EXECUTE FUNCTION metrics.tg_feedback__count();
CREATE TRIGGER _510_metrics_default_feedback_update AFTER UPDATE ON public.feedback REFERENCING OLD TABLE AS deleted NEW TABLE AS inserted FOR EACH STATEMENT EXECUTE FUNCTION metrics.tg_feedback__count();

CREATE TRIGGER _510_metrics_default_leads_delete AFTER DELETE ON public.leads REFERENCING OLD TABLE AS deleted FOR EACH STATEMENT EXECUTE FUNCTION metrics.tg_leads__count();
CREATE TRIGGER _510_metrics_default_leads_insert AFTER INSERT ON public.leads REFERENCING NEW TABLE AS inserted FOR EACH STATEMENT EXECUTE FUNCTION metrics.tg_leads__count();
CREATE TRIGGER _510_metrics_default_leads_truncate AFTER TRUNCATE ON public.leads FOR EACH STATEMENT EXECUTE FUNCTION metrics.tg_leads__count();
CREATE TRIGGER _510_metrics_default_leads_update AFTER UPDATE ON public.leads REFERENCING OLD TABLE AS deleted NEW TABLE AS inserted FOR EACH STATEMENT EXECUTE FUNCTION metrics.tg_leads__count();


-- Row-level security

alter table metrics.feedback enable row level security;
create policy readers on metrics.feedback for select to public
using (( SELECT COALESCE(bool_or(s.is_all), false) AS "coalesce"
   FROM metrics.own_scopes s
  WHERE s.source IS NULL OR s.source = 'default'::text) OR (EXISTS ( SELECT
   FROM metrics.session_metrics m
  WHERE m.session_key = feedback.session_key)));
comment on policy readers on metrics.feedback is 'Who reads which organizations: metrics.readers. The owner, and with it the triggers, is not bound by it.';

alter table metrics.leads enable row level security;
create policy readers on metrics.leads for select to public
using (( SELECT COALESCE(bool_or(s.is_all), false) AS "coalesce"
   FROM metrics.own_scopes s
  WHERE s.source IS NULL OR s.source = 'default'::text) OR (EXISTS ( SELECT
   FROM metrics.session_metrics m
  WHERE m.session_key = leads.session_key)));
comment on policy readers on metrics.leads is 'Who reads which organizations: metrics.readers. The owner, and with it the triggers, is not bound by it.';

alter table metrics.messages enable row level security;
create policy readers on metrics.messages for select to public
using (( SELECT COALESCE(bool_or(s.is_all), false) AS "coalesce"
   FROM metrics.own_scopes s
  WHERE s.source IS NULL OR s.source = 'default'::text) OR (EXISTS ( SELECT
   FROM metrics.session_metrics m
  WHERE m.session_key = messages.session_key)));
comment on policy readers on metrics.messages is 'Who reads which organizations: metrics.readers. The owner, and with it the triggers, is not bound by it.';

alter table metrics.rollup_changes enable row level security;
create policy readers on metrics.rollup_changes for select to public
using (( SELECT COALESCE(bool_or(s.is_all), false) AS "coalesce"
   FROM metrics.own_scopes s
  WHERE s.source IS NULL OR s.source = 'default'::text) OR (organization_id IN ( SELECT s.organization_id
   FROM metrics.own_scopes s
  WHERE s.organization_id IS NOT NULL AND (s.source IS NULL OR s.source = 'default'::text))) OR organization_id IS NULL AND ( SELECT COALESCE(bool_or(s.is_none), false) AS "coalesce"
   FROM metrics.own_scopes s
  WHERE s.source IS NULL OR s.source = 'default'::text));
comment on policy readers on metrics.rollup_changes is 'Who reads which organizations: metrics.readers. The owner, and with it the triggers, is not bound by it.';

alter table metrics.rollups enable row level security;
create policy readers on metrics.rollups for select to public
using (( SELECT COALESCE(bool_or(s.is_all), false) AS "coalesce"
   FROM metrics.own_scopes s
  WHERE s.source IS NULL OR s.source = 'default'::text) OR (organization_id IN ( SELECT s.organization_id
   FROM metrics.own_scopes s
  WHERE s.organization_id IS NOT NULL AND (s.source IS NULL OR s.source = 'default'::text))) OR organization_id IS NULL AND ( SELECT COALESCE(bool_or(s.is_none), false) AS "coalesce"
   FROM metrics.own_scopes s
  WHERE s.source IS NULL OR s.source = 'default'::text));
comment on policy readers on metrics.rollups is 'Who reads which organizations: metrics.readers. The owner, and with it the triggers, is not bound by it.';

alter table public.conversation_metrics enable row level security;
create policy readers on public.conversation_metrics for select to public
using (( SELECT COALESCE(bool_or(s.is_all), false) AS "coalesce"
   FROM metrics.own_scopes s
  WHERE s.source IS NULL OR s.source = 'default'::text) OR (organization_id::text IN ( SELECT s.organization_id
   FROM metrics.own_scopes s
  WHERE s.organization_id IS NOT NULL AND (s.source IS NULL OR s.source = 'default'::text))) OR organization_id IS NULL AND ( SELECT COALESCE(bool_or(s.is_none), false) AS "coalesce"
   FROM metrics.own_scopes s
  WHERE s.source IS NULL OR s.source = 'default'::text));
comment on policy readers on public.conversation_metrics is 'Who reads which organizations: metrics.readers. The owner, and with it the triggers, is not bound by it.';


-- Rights of others than the owner: these and no more

grant select on table metrics.own_scopes to public;

grant usage on type metrics.encoding to public;

grant usage on type metrics.session_delta to public;

grant usage on type metrics.token_source to public;

grant usage on type public.report_filter to public;
