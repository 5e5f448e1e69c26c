create table metrics.report_schedules (
  schedule_id bigint generated always as identity constraint report_schedules_pkey primary key,
  every_organization boolean not null default false,
  organization_id text,
  source text not null default 'default',
  time_zone text not null default 'UTC',
  currency text not null default 'USD',
  format text not null constraint report_schedules_format_known check (format in ('html', 'pdf', 'csv')),
  folder text,
  webhook text,
  sent_month text not null constraint report_schedules_sent_month_form check (sent_month ~ '^\d{4}-\d\d$'),
  sent_at timestamptz,
  error text,
  failed_at timestamptz,
  created_at timestamptz not null default clock_timestamp(),
  constraint report_schedules_organization_one check (organization_id is null or not every_organization),
  constraint report_schedules_place_one check (num_nonnulls(folder, webhook) = 1)
);

comment on table metrics.report_schedules is
  'Monthly reports that a worker makes when the month has ended in the zone, and puts into a folder of its machine or posts to a webhook.';
comment on column metrics.report_schedules.organization_id is
  'As text; NULL: the rows without one, or all of them with every_organization.';
comment on column metrics.report_schedules.sent_month is
  'The last month that was sent, or that counts as sent; each later one that has ended is due.';
comment on column metrics.report_schedules.error is 'Why the last try failed; NULL when it did not. It is tried again each hour.';
