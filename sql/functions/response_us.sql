-- In numeric: the interval between far-off times does not fit an interval.
create or replace function metrics.response_us(asked_at timestamptz, answered_at timestamptz) returns bigint
language sql stable parallel safe
return case
  when answered_at <= asked_at then 0
  when answered_at > asked_at then
    least(1000000 * (extract(epoch from answered_at) - extract(epoch from asked_at)), 9e18)::bigint
end;

comment on function metrics.response_us(timestamptz, timestamptz) is
  'Response time in microseconds: 0 where the clocks run backwards, NULL where either time is NULL. Neither may be infinite.';
