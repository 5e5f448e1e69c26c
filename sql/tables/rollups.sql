create table metrics.rollups (
  starts_at timestamptz not null,
  minutes smallint not null constraint rollups_minutes_known check (minutes in (15, 60, 1440)),
  organization_id text,
  widget_id text,
  all_widgets boolean not null,
  conversations bigint not null,
  user_messages bigint not null,
  ai_messages bigint not null,
  prompt_tokens bigint not null,
  completion_tokens bigint not null,
  estimated_messages bigint not null,
  leads bigint not null,
  rating_count bigint not null,
  rating_sum numeric not null,
  response_count bigint not null,
  response_us_sum numeric not null,
  answered_conversations bigint not null,
  average_us_sum numeric not null,
  duration_sum interval not null,
  times bigint[] constraint rollups_times_of_hours check (times is null or minutes > 15)
);
create index rollups_starts_at_idx on metrics.rollups (minutes, starts_at);
-- Not the id itself, which may be too long for an index.
create index rollups_organization_idx on metrics.rollups
  (hashtextextended(coalesce(organization_id, ''), 0), minutes, all_widgets, starts_at);

comment on table metrics.rollups is
  'Sums over the sessions that began in a quarter of an hour, an hour or a day (UTC), by organization, and by organization and widget: what reports over long ranges read. Made anew by metrics.roll_up where rollup_changes says so, never added to; no write of the application touches it.';
comment on column metrics.rollups.starts_at is 'Start of the quarter of an hour, hour or day (UTC) in which conversation_start lies.';
comment on column metrics.rollups.minutes is 'How long that is: 15, 60 or 1440.';
comment on column metrics.rollups.organization_id is 'The organization of these sessions, as text; NULL is a tenant of its own.';
comment on column metrics.rollups.widget_id is 'Their widget, as text; NULL where all_widgets.';
comment on column metrics.rollups.all_widgets is 'Over all widgets of the organization.';
comment on column metrics.rollups.conversations is 'How many sessions. The other columns are sums of those of conversation_metrics.';
comment on column metrics.rollups.leads is 'How many of them have a lead.';
comment on column metrics.rollups.answered_conversations is 'How many of them have an average_response_time.';
comment on column metrics.rollups.average_us_sum is 'Sum of response_us_sum / response_count.';
comment on column metrics.rollups.duration_sum is 'Sum of conversation_end - conversation_start.';
comment on column metrics.rollups.times is
  'Of hours and days: how many answers, conversations'' averages and durations took how long, for percentiles. An entry for each bin: metrics.time_bin, and in its low 32 bits how many.';
