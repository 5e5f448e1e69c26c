create or replace function metrics.stretch(of_session uuid, changed_from timestamptz, changed_to timestamptz)
returns metrics.session_delta
language sql immutable parallel safe
return row(of_session, 0, 0, 0, 0, 0, 0, 0, 0, 0, '0', null, null, changed_from, changed_to)::metrics.session_delta;

comment on function metrics.stretch(uuid, timestamptz, timestamptz) is
  'Adds nothing to a session: only says between which times its rows changed, for metrics.pair_answers.';
