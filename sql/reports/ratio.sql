create or replace function metrics.ratio(part numeric, whole numeric, digits integer) returns numeric
language sql immutable parallel safe
return round(part / nullif(whole, 0), digits);

comment on function metrics.ratio(numeric, numeric, integer) is 'part / whole, rounded; NULL where the whole is 0.';
