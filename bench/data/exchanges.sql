-- Exchange rows in sessions, scattered as they come in life: messages of 20 to 119 characters,
-- responses of 80 to 379, in time order, the last of them a minute ago.
select
  1 + session % 50 as organization_id,
  'session-' || lpad(session::text, 10, '0') as session_id,
  session % 10 as widget_id,
  session as user_id,
  left(
    'What does it cost to send a parcel of five kilograms abroad, and when would it arrive at the latest? I ask for a friend.',
    (20 + n * 37 % 100)::integer
  ) as message,
  left(
    repeat('It depends on the country. A parcel of that weight costs from twelve to eighteen euros and takes three to five days. ', 4),
    (80 + n * 53 % 300)::integer
  ) as response,
  now() - interval '1 minute' - ($1::bigint - n) * interval '0.1 ms' as created_at,
  now() - interval '1 minute' - ($1::bigint - n) * interval '0.1 ms' + (500 + n * 17 % 4000) * interval '1 ms' as responded_at
from (
  select n, 1 + n * 7919 % $2::bigint as session from generate_series(1, $1::bigint) as n
) as numbered
