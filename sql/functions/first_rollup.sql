create or replace function metrics.first_rollup() returns timestamptz
language sql immutable parallel safe
begin atomic
  select timestamptz '1973-01-01T00:00Z';
end;

comment on function metrics.first_rollup() is
  'Sessions that began before this are in no rollup: in 1972 the last time zone was brought to whole quarters of an hour (Africa/Monrovia, by the IANA time zone database).';
