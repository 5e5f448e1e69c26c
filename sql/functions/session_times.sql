create or replace function metrics.session_times(response_count integer, response_us_sum numeric, duration interval)
returns table (bin bigint)
language sql immutable parallel safe
begin atomic
  select metrics.time_bin(2, (response_us_sum / response_count)::double precision) where response_count > 0
  union all
  select metrics.time_bin(3, (extract(epoch from duration) * 1000000)::double precision) where duration is not null;
end;

comment on function metrics.session_times(integer, numeric, interval) is
  'The bins of a session''s average response time and of its duration. Those of its answers are in the ledger.';
