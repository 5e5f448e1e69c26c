-- The number of a bin, and 32 bits beneath it for how many times are in it. A step of a fiftieth, so that what stands
-- for a bin is at most a hundredth away.
create or replace function metrics.time_bin(measure integer, us double precision) returns bigint
language sql immutable parallel safe
begin atomic
  select (measure * 10000 + case when us < 1 then 0 else 1 + floor(ln(us) / ln(1.02::double precision))::integer end)::bigint << 32;
end;

comment on function metrics.time_bin(integer, double precision) is
  'The bin of metrics.rollups.times that a time in microseconds falls into. measure: 1 = answer, 2 = conversation''s average, 3 = duration.';
