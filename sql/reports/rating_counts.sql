create or replace function metrics.rating_counts(filter public.report_filter, ledger name)
returns table (rating integer, ratings bigint, conversations bigint)
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
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
end; $$;

comment on function metrics.rating_counts(public.report_filter, name) is
  'How many ratings of each value, 1 to 5, the conversations of a filter have, and how many of these have it as their rounded mean.';
