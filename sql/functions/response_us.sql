-- By an interval of days and time, whose seconds are a numeric: exact to the microsecond at any distance.
create or replace function metrics.response_us(asked_at timestamptz, answered_at timestamptz) returns bigint
language sql stable parallel safe
return case
  when answered_at <= asked_at then 0
  else (1000000 * extract(epoch from answered_at - asked_at))::bigint
end;

comment on function metrics.response_us(timestamptz, timestamptz) is
  'Response time in microseconds: 0 where the clocks run backwards, NULL where either time is NULL. Neither may be infinite.';
