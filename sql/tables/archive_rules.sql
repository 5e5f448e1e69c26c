create table metrics.archive_rules (
  organization_id text,
  is_default boolean not null default false,
  archive_after interval,
  constraint archive_rules_organization_key unique nulls not distinct (organization_id, is_default),
  constraint archive_rules_default_names_none check (not is_default or organization_id is null),
  -- No more than can be taken from a time.
  constraint archive_rules_age check (archive_after between interval '1 day' and interval '1000 years')
);

comment on table metrics.archive_rules is
  'After how long without a message the sessions of an organization are moved to conversation_metrics_archive. No row, none are.';
comment on column metrics.archive_rules.organization_id is 'The organization, as text; NULL, where not is_default: the sessions without one.';
comment on column metrics.archive_rules.is_default is 'For every organization without a row of its own.';
comment on column metrics.archive_rules.archive_after is 'Since conversation_end; NULL: never.';
