-- Midnight may come twice (America/Havana: at 1:00 clocks go back to 0:00), where PostgreSQL takes the later
-- one, or not at all (America/Sao_Paulo), where it takes the moment of the change, which is right.
-- In UTC without a zone: adding to a timestamptz goes by the session's time zone.
create or replace function metrics.day_start(day date, zone text) returns timestamptz
language sql immutable parallel safe
begin atomic
  select (
    midnight.utc - greatest(
      ((midnight.utc - interval '1 microsecond') at time zone 'UTC' at time zone zone) + interval '1 microsecond'
        - (midnight.utc at time zone 'UTC' at time zone zone),
      interval '0'
    )
  ) at time zone 'UTC'
  from (select day::timestamp at time zone zone at time zone 'UTC') as midnight (utc);
end;

comment on function metrics.day_start(date, text) is
  'The first moment of a day in a time zone. That of a day which a zone left out is that of the next one.';
