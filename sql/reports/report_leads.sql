create or replace function public.report_leads(
  filter public.report_filter default public.report_filter(),
  split_by text default 'total',
  prices text default 'charged',
  what_if jsonb default null,
  currency text default 'USD'
) returns table (
  key text,
  conversations bigint,
  converted_conversations bigint,
  conversion_rate numeric,
  leads bigint,
  leads_with_email bigint,
  cost numeric,
  cost_per_lead numeric,
  unpriced_messages bigint,
  unpriced_tokens bigint,
  previous_conversations bigint,
  previous_converted_conversations bigint,
  previous_conversion_rate numeric,
  previous_leads bigint,
  previous_leads_with_email bigint,
  previous_cost_per_lead numeric
)
language plpgsql stable
set search_path = pg_catalog, pg_temp
set jit = off
as $$
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
end; $$;

comment on function public.report_leads(public.report_filter, text, text, jsonb, text) is
  'Leads of the conversations whose conversation_start is in the filter''s range (not by when the lead was captured, so that rate and cost are of the same conversations), by split_by: total, widget (of the conversation) or day (of conversation_start in the filter''s time zone, empty days too). converted_conversations have at least one lead; conversion_rate is their share (0 to 1); leads counts every lead row, leads_with_email those with an address. cost is that of all tokens of these conversations, as in report_tokens, cost_per_lead that divided by leads (NULL without any); what has no price is in unpriced_* and in neither. Beside it the previous period of equal length. Leads of a session without any message belong to no conversation.';
