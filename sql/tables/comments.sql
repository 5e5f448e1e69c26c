comment on schema metrics is 'conversation-metrics: the ledgers and the machinery behind public.conversation_metrics.';

comment on table public.conversation_metrics is
  'One row for each session: the conversations rows of one organization and session id. Kept by triggers in the transaction that writes those rows; not to be written by hand.';
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

comment on table metrics.messages is
  'The ledger: what each conversations row was counted for. An entry without a session_key counts for nothing: its row is gone, or feedback named it before it came.';
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
comment on column metrics.messages.encoding is 'What its exact counts were made with; of no meaning where no source is tiktoken.';
comment on column metrics.messages.encoding_assumed is 'The default encoding was taken: no model is given, or none that metrics.model_encodings knows.';
comment on column metrics.messages.counted_at is 'When its token counts were made: of the exact count, else when the estimate was written.';
comment on column metrics.messages.prompt_digest is 'metrics.text_digest of what prompt_tokens was exactly counted for: another text makes it an estimate again.';
comment on column metrics.messages.completion_digest is 'The same for completion_tokens.';

comment on table metrics.token_batches is
  'Message rows that a count_tokens job is about to count: nobody else does meanwhile. Gone when the counts are written.';
comment on column metrics.token_batches.session_keys is 'The sessions of these rows when the batch was made: the write-back locks them.';
comment on column metrics.token_batches.lane is 'metrics.token_lane of these sessions: what is written back at the same time has no session in common.';
comment on column metrics.token_batches.is_long is 'A single long text, which others shall not wait for.';
comment on column metrics.token_batches.worker is 'Who is at it (metrics.workers); NULL until the job begins.';
comment on table metrics.token_retries is 'Message rows whose count failed, or waits for a transaction under way.';
comment on column metrics.token_retries.attempts is 'How often counting this text failed.';
comment on column metrics.token_retries.retry_at is 'Not before this time; infinity: given up until the text changes.';
comment on column metrics.token_retries.error is 'Why the last attempt failed.';
comment on column metrics.token_retries.text_digest is 'metrics.text_digest of the text that failed.';

comment on table metrics.leads is 'Ledger of lead rows; an entry without a session_key stands for a row that is gone.';
comment on column metrics.leads.name is 'As in the lead row, like email and company: the metrics take them from here.';
comment on column metrics.leads.created_at is 'When the lead was captured; -infinity where unknown.';
comment on table metrics.feedback is 'Ledger of feedback rows; an entry without a session_key belongs to no session at present.';
comment on column metrics.feedback.conversation_id is 'The conversations row whose session it follows; NULL where it names its own.';
comment on column metrics.feedback.rating is 'Rating from 1 to 5; NULL for none.';

comment on table metrics.sessions is
  'One row for each session that a message, a lead or feedback ever named: the lock under which a first message and what came before it meet.';
comment on column metrics.sessions.is_archived is 'Its metrics row is in conversation_metrics_archive.';
comment on column metrics.sessions.is_known is 'Whether the session was asked for again since this row was made: it may have leads or feedback that its metrics row, when it is made, has to show.';
