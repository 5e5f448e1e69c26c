create or replace function metrics.lead_sums(filter public.report_filter, split_by text, days integer, duration interval)
returns table (key text, conversations bigint, converted bigint, leads bigint, leads_with_email bigint)
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
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
end; $$;

comment on function metrics.lead_sums(public.report_filter, text, integer, interval) is
  'Conversations by a key, those of them with a lead, their leads, and how many of these have an e-mail address.';
