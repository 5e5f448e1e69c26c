create or replace function metrics.first_rollup() returns timestamptz
language sql immutable parallel safe
begin atomic
  select timestamptz '2012-01-01T00:00Z';
end;

comment on function metrics.first_rollup() is
  'Sessions that began before this are in no rollup: until 2011 clocks were changed at a minute past midnight in places (America/St_Johns, by the IANA time zone database), so that a day did not begin with a quarter of an hour.';
