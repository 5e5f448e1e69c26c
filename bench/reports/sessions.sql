-- Sessions of one organization over the last 90 days, two exchanges each, in time order.
insert into public.conversations (organization_id, session_id, widget_id, user_id, message, response, created_at, responded_at)
select
  1, 'session-' || lpad(session::text, 10, '0'), session % 3, session, 'What does it cost?', 'That depends on the country.',
  now() - (1 - session / $1::float8) * interval '90 days' + row * interval '20 s',
  now() - (1 - session / $1::float8) * interval '90 days' + row * interval '20 s' + (500 + session * 17 % 4000) * interval '1 ms'
from generate_series(1, $1::bigint) as session
cross join generate_series(0, 1) as row
order by session, row
