-- One text, two plans. For a few rows a statement is planned once, with nested loops over the indexes
-- whatever size a table had then; for many it is planned each time, by what there is. Called by functions
-- that set these for themselves, so they are as before when those end.
create or replace function metrics.plan_for_many() returns void
language plpgsql
as $$
begin
  perform
    pg_catalog.set_config('plan_cache_mode', 'force_custom_plan', true),
    pg_catalog.set_config('enable_hashjoin', 'on', true),
    pg_catalog.set_config('enable_mergejoin', 'on', true),
    pg_catalog.set_config('enable_seqscan', 'on', true),
    -- Takes longer than the statements themselves.
    pg_catalog.set_config('jit', 'off', true);
end; $$;

comment on function metrics.plan_for_many() is
  'Makes the statements of the calling function be planned for many rows.';
