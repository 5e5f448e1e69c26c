-- Two, since PostgreSQL takes about twice as long to write counts back as a worker takes to count. The keys are
-- digests, so each lane has about as many sessions.
create or replace function metrics.token_lane(session_key uuid) returns smallint
language sql immutable parallel safe
return ((session_key >= '80000000-0000-0000-0000-000000000000'::uuid) is true)::integer::smallint;

comment on function metrics.token_lane(uuid) is
  'Which lane the exact counts of a session are written in, 0 or 1: write-backs of one lane wait for each other, those of both run at once.';
