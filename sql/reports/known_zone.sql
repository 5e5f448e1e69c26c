create or replace function metrics.known_zone(zone text) returns text
language plpgsql immutable parallel safe
set search_path = pg_catalog, pg_temp
as $$
declare
  -- PostgreSQL reads these as abbreviations, without the zone's daylight-saving time or by the session's own zone.
  spoken_for constant jsonb := '{
    "cet": "Europe/Brussels", "met": "Europe/Brussels", "eet": "Europe/Athens", "wet": "Europe/Lisbon",
    "est": "America/Panama", "mst": "America/Phoenix", "hst": "Pacific/Honolulu", "uct": "UTC", "gmt": "UTC"
  }';
  known boolean;
begin
  if lower(zone) = 'utc' then
    return 'UTC';
  elsif spoken_for ? lower(zone) then
    return spoken_for ->> lower(zone);
  elsif zone ~ '/' and zone !~ '[0-9]' and current_setting('server_version_num')::integer >= 160000 then
    -- The list of all zones reads every file of them.
    known := pg_input_is_valid('2000-01-01 00:00 ' || zone, 'timestamptz');
  else
    -- Not by trying: with a digit behind it, any word passes for a zone of POSIX's (Europe/Berln1).
    known := exists (select from pg_timezone_names as z where lower(z.name) = lower(zone));
  end if;
  if not known then
    raise exception 'there is no time zone named "%"', zone
      using errcode = 'invalid_parameter_value',
        hint = 'Use a name of the IANA list, for example Europe/Berlin, Asia/Kolkata or UTC: select name from pg_timezone_names';
  end if;
  return zone;
end; $$;

comment on function metrics.known_zone(text) is
  'An IANA time zone in a spelling that at time zone reads as that zone; an error for any other text.';
