-- Not by comparisons in a CASE, which take twice as many steps: see metrics.count_message.
create or replace function metrics.known_time(source_time timestamptz) returns timestamptz
language sql immutable parallel safe
return nullif(nullif(least(source_time, '200000-01-01 00:00:00+00'), '200000-01-01 00:00:00+00'), '-infinity');

comment on function metrics.known_time(timestamptz) is
  'A source time, or NULL for an unknown one: NULL, infinite, or so far off (milliseconds taken for seconds, say) that a difference could leave the range of an interval.';
