create or replace function metrics.report_keys(filter public.report_filter, split_by text, found_keys text[])
returns table (key text)
language sql stable
set search_path = pg_catalog, pg_temp
begin atomic
  select k.key from unnest(found_keys) as k (key)
  union
  select s.period::text
  from metrics.period_series(filter, 'day', (select min(k.key::date) from unnest(found_keys) as k (key) where split_by = 'day'),
    (select max(k.key::date) from unnest(found_keys) as k (key) where split_by = 'day')) as s
  where split_by = 'day'
  union
  select null where split_by = 'total';
end;

comment on function metrics.report_keys(public.report_filter, text, text[]) is
  'The keys of a report''s rows: those found, by day also the empty ones, and for the total the one that there is.';
