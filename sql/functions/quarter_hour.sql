create or replace function metrics.quarter_hour(at timestamptz) returns timestamptz
language sql immutable parallel safe
begin atomic
  select date_bin('15 minutes', at, '2000-01-01T00:00Z');
end;

comment on function metrics.quarter_hour(timestamptz) is
  'The quarter of an hour that a moment lies in, by its start. Every time zone''s days begin with one since 2012 (metrics.first_rollup).';
