-- As metrics.close_privileges does for what every installation had before; rights that somebody gave on that stay.
create or replace function metrics.close_report_privileges() returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
  perform metrics.close_functions(array(select r.oid::regprocedure from metrics.report_functions() as r));
  perform metrics.close_tables(array['metrics.model_prices'::regclass]);
end; $$;

comment on function metrics.close_report_privileges() is
  'Takes from everyone but the owner all rights on the reports and the prices; metrics.grant_reports gives them.';
