-- By name, and without cascade: a view that somebody built on a report is theirs, and stops this with its name.
create or replace function metrics.drop_reports() returns void
language plpgsql
set search_path = pg_catalog, pg_temp
set client_min_messages = warning
as $$
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
end; $$;

comment on function metrics.drop_reports() is
  'Removes the reports and their type; all else that belongs to them is in the schema metrics.';
