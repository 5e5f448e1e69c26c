-- Immutable, so that it stands as a constant in the plans of every write.
create or replace function metrics.rollup_delay() returns interval
language sql immutable parallel safe
begin atomic
  select interval '1 hour';
end;

comment on function metrics.rollup_delay() is
  'How old a session''s start must be for a change of it to be noted in rollup_changes. What is younger is in no rollup yet: metrics.roll_up stays behind by half an hour more, for clocks that are put back.';
