-- From the sources, not from the ledgers, but for the session of feedback that names only its
-- message row (by definition the session of that row) and exact token counts of the present texts.
create or replace view metrics.session_truth as
  with ordered as (
    select
      c.*,
      row_number() over in_order as position,
      metrics.is_open(c.user_messages, c.ai_messages) as is_open,
      case
        when c.user_messages = 0 or c.ai_messages > 0 then c.response_us
        when lead(c.ai_messages) over in_order > 0 and lead(c.user_messages) over in_order = 0
        then metrics.response_us(nullif(c.created_at, 'infinity'), nullif(lead(c.created_at) over in_order, 'infinity'))
      end as answered_us
    from metrics.counted_messages as c
    window in_order as (partition by c.session_key order by c.created_at, c.conversation_id)
  ),
  messages as (
    select
      session_key,
      (array_agg(conversation_id) filter (where position = 1))[1] as conversation_id,
      (array_agg(session_id) filter (where position = 1))[1] as session_id,
      (array_agg(organization_id) filter (where position = 1))[1] as organization_id,
      (array_agg(widget_id) filter (where position = 1))[1] as widget_id,
      (array_agg(user_id) filter (where position = 1))[1] as user_id,
      count(*)::integer as message_rows,
      sum(user_messages)::integer as user_messages,
      sum(ai_messages)::integer as ai_messages,
      sum(prompt_tokens) as prompt_tokens,
      sum(completion_tokens) as completion_tokens,
      sum(metrics.estimated_messages(user_messages, prompt_source, ai_messages, completion_source))::integer
        as estimated_messages,
      count(*) filter (where is_open)::integer as open_rows,
      nullif(min(created_at), 'infinity') as conversation_start,
      max(ended_at) as conversation_end,
      count(answered_us)::integer as response_count,
      coalesce(sum(answered_us), 0) as response_us_sum
    from ordered
    group by session_key
  ),
  leads as (
    select distinct on (c.session_key) c.session_key, c.name, c.email, c.company
    from metrics.counted_leads as c
    order by c.session_key, c.created_at desc, c.lead_id desc
  ),
  feedback as (
    select session_key, count(rating)::integer as rating_count, sum(rating) as rating_sum
    from metrics.counted_feedback
    where session_key is not null
    group by session_key
  )
  select
    messages.*,
    leads.session_key is not null as has_lead,
    leads.name as lead_name,
    leads.email as lead_email,
    leads.company as lead_company,
    coalesce(feedback.rating_count, 0) as rating_count,
    coalesce(feedback.rating_sum, 0) as rating_sum
  from messages
  left join leads on leads.session_key = messages.session_key
  left join feedback on feedback.session_key = messages.session_key;

comment on view metrics.session_truth is
  'What conversation_metrics should hold, recomputed from the source rows: one row per session.';
