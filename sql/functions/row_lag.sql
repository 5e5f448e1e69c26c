create or replace function metrics.row_lag(created_at timestamptz, ended_at timestamptz) returns interval
language sql immutable parallel safe
return coalesce(ended_at - nullif(created_at, 'infinity'), '0');

comment on function metrics.row_lag(timestamptz, timestamptz) is
  'How long after its creation a row ends; 0 where unknown.';
