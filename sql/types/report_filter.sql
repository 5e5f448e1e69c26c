create type public.report_filter as (
  organization text,
  from_time timestamptz,
  to_time timestamptz,
  time_zone text,
  widget text,
  user_id text,
  min_tokens bigint,
  max_tokens bigint,
  has_lead boolean,
  min_satisfaction numeric,
  max_satisfaction numeric,
  source text,
  no_organization boolean,
  weekday integer,
  hour integer
);

comment on type public.report_filter is
  'Which conversations a report is about. Made by the function report_filter, which checks it.';
