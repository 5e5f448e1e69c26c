-- What the application makes of the session's rows; summed here, which is kinder to it than sending
-- the rows.
select concat_ws('|',
  min(id),
  count(*) filter (where message <> '' and coalesce(role, 'user') = 'user'),
  count(*) filter (where message <> '' and role = 'assistant') + count(*) filter (where response <> ''),
  coalesce(sum((char_length(message) + 3) / 4) filter (where coalesce(role, 'user') = 'user'), 0),
  coalesce(sum((char_length(message) + 3) / 4) filter (where role = 'assistant'), 0)
    + coalesce(sum((char_length(response) + 3) / 4), 0),
  min(created_at),
  max(greatest(created_at, responded_at)),
  count(responded_at),
  coalesce(sum(1000000 * extract(epoch from responded_at - created_at))::bigint, 0),
  count(*)
)
from public.conversations
where session_id = $1 and organization_id = $2
