-- Immutable, so that the planner sees its values where it is written in a query.
create or replace function public.report_filter(
  organization text default null,
  from_time timestamptz default null,
  to_time timestamptz default null,
  time_zone text default 'UTC',
  widget text default null,
  user_id text default null,
  min_tokens bigint default null,
  max_tokens bigint default null,
  has_lead boolean default null,
  min_satisfaction numeric default null,
  max_satisfaction numeric default null,
  source text default 'default',
  no_organization boolean default false,
  weekday integer default null,
  hour integer default null
) returns public.report_filter
language plpgsql immutable parallel safe
set search_path = pg_catalog, pg_temp
as $$
begin
  return metrics.checked_filter(
    row(
      organization, from_time, to_time, time_zone, widget, user_id, min_tokens, max_tokens, has_lead,
      min_satisfaction, max_satisfaction, source, no_organization, weekday, hour
    )::public.report_filter
  );
end; $$;

comment on function public.report_filter(
  text, timestamptz, timestamptz, text, text, text, bigint, bigint, boolean, numeric, numeric, text, boolean, integer,
  integer
) is
  'Which conversations a report is about; all arguments optional, by name: report_filter(organization => ''7'', from_time => ''2026-01-01'', to_time => ''2026-02-01'', time_zone => ''Europe/Berlin''). Every report goes by conversation_start: from_time counts, to_time no longer does. time_zone (IANA) is that of days, weeks, months and hours. Tokens and satisfaction (mean rating, 1 to 5): both limits count. no_organization: only conversations whose organization is NULL. weekday (1 = Monday to 7) and hour (0 to 23): those that started then, on the clocks of time_zone. source: a name of metrics.attachments. Ids are texts.';
