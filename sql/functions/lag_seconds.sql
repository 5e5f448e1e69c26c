-- In double precision, since the interval between far-off times does not fit an interval.
create or replace function metrics.lag_seconds(created_at timestamptz, ended_at timestamptz)
returns double precision
language sql stable parallel safe
return greatest(coalesce(date_part('epoch', ended_at) - date_part('epoch', created_at), 0), 0);

comment on function metrics.lag_seconds(timestamptz, timestamptz) is
  'Seconds from a row''s creation to its end, 0 where unknown.';
