create or replace function metrics.rollup_start(at timestamptz, minutes integer) returns timestamptz
language sql immutable parallel safe
begin atomic
  select date_bin(make_interval(mins => minutes), at, '2000-01-01T00:00Z');
end;

comment on function metrics.rollup_start(timestamptz, integer) is
  'The start of the rollup of so many minutes that a moment lies in: a quarter of an hour, an hour, a day (UTC).';
