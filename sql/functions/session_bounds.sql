-- First row and end of a session by index, without reading the rest of it. The end is the largest
-- ended_at: no row created more than longest_lag before the last one can hold it.
create or replace function metrics.session_bounds(
  of_session uuid,
  longest_lag interval
) returns table (
  conversation_id metrics.messages.conversation_id%type,
  conversation_start timestamptz,
  conversation_end timestamptz
)
language sql stable
begin atomic
  select
    first.conversation_id,
    nullif(first.created_at, 'infinity'),
    (
      select max(l.ended_at)
      from metrics.messages as l
      where l.session_key = of_session
        and l.created_at >= coalesce(
          (
            select case
              -- Outside these limits the subtraction would leave the range of timestamptz.
              when longest_lag < '100 years' and last.created_at > '0200-01-01 00:00:00+00'
              then last.created_at - longest_lag
            end
            from metrics.messages as last
            where last.session_key = of_session and last.created_at < 'infinity'
            order by last.created_at desc
            limit 1
          ),
          '-infinity'
        )
    )
  from (
    select l.conversation_id, l.created_at
    from metrics.messages as l
    where l.session_key = of_session
    order by l.created_at, l.conversation_id
    limit 1
  ) as first;
end;

comment on function metrics.session_bounds(uuid, interval) is
  'First row, start and end of a session from the ledger, by index. longest_lag bounds ended_at - created_at of its rows; 100 years and more read them all. No row for a session without rows.';
