create or replace function metrics.sum_rollups(span integer, parts metrics.rollups[]) returns metrics.rollups
language sql immutable parallel safe
set search_path = pg_catalog, pg_temp
as $$
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
$$;

comment on function metrics.sum_rollups(integer, metrics.rollups[]) is
  'The rollup of so many minutes that these are the parts of, all of one organization and widget.';
