create or replace function public.report_satisfaction(filter public.report_filter default public.report_filter())
returns table (
  rating integer,
  ratings bigint,
  share numeric,
  conversations bigint,
  previous_ratings bigint,
  previous_share numeric,
  previous_conversations bigint
)
language plpgsql stable
set search_path = pg_catalog, pg_temp
set jit = off
as $$
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
end; $$;

comment on function public.report_satisfaction(public.report_filter) is
  'Five rows, rating 1 to 5, over the conversations whose conversation_start is in the filter''s range: how many single ratings of that value they have (a fraction counts for the nearest, half upwards), their share of all ratings (0 to 1), and how many conversations have that mean rating, rounded the same way. Beside it the previous period of equal length.';
