-- A text, since a source's rollups are in its own schema, and since the planner then sees the filter's
-- values. What filters single sessions reads all of them; else the rollups are read, the longest that fit, and
-- the sessions themselves where a rollup is out of date, not there yet, or only a part of it is in the range.
create or replace function metrics.sums_query(filter public.report_filter, unit text, shift interval default '0') returns text
language plpgsql stable
set search_path = pg_catalog, pg_temp
-- Times in the text are read as they were meant.
set datestyle = 'ISO, YMD'
as $$
declare
  home constant name := metrics.source_schema(filter.source);
  live constant text := $sql$
    select
      m.conversation_start as at, 1::bigint as conversations, m.user_messages::bigint as user_messages,
      m.ai_messages::bigint as ai_messages, m.prompt_tokens, m.completion_tokens,
      m.estimated_messages::bigint as estimated_messages, m.has_lead::integer::bigint as leads,
      m.rating_count::bigint as rating_count, m.rating_sum, m.response_count::bigint as response_count, m.response_us_sum,
      m.conversation_end - m.conversation_start as duration_sum
    from public.report_sessions($1) as m
    where %s
  $sql$;
  rolled constant text := $sql$
    select
      o.starts_at as at, o.conversations, o.user_messages, o.ai_messages, o.prompt_tokens, o.completion_tokens,
      o.estimated_messages, o.leads, o.rating_count, o.rating_sum, o.response_count, o.response_us_sum, o.duration_sum
    from %I.rollups as o
    where o.minutes = %s and o.starts_at >= %s and o.starts_at < %s
  $sql$;
  one_tenant constant text := case
    when filter.organization is not null then ' and hashtextextended(coalesce(o.organization_id, ''''), 0) = '
      'hashtextextended(($1).organization, 0) and o.organization_id = ($1).organization'
    when filter.no_organization then
      ' and hashtextextended(coalesce(o.organization_id, ''''), 0) = hashtextextended('''', 0) and o.organization_id is null'
    else ''
  end;
  one_widget constant text := case
    when filter.widget is null then ' and o.all_widgets' else ' and not o.all_widgets and o.widget_id = ($1).widget'
  end;
  -- "is true" keeps it from becoming a join: by what changed in a hash, however much.
  out_of_date constant text :=
    ' and ((%2$s, %3$s, coalesce(%1$s.organization_id, ''''), %1$s.organization_id is null) in (table changed)) is %4$s';
  rolled_from timestamptz;
  rolled_to timestamptz;
  changed_quarters bigint;
  spans smallint[];
  span smallint;
  span_from timestamptz;
  span_to timestamptz;
  longer smallint;
  longer_from timestamptz;
  longer_to timestamptz;
  kept text := one_tenant || one_widget;
  parts text[];
begin
  -- Any other field tells sessions of one rollup apart; so did this zone's clocks hours, at a minute past midnight.
  if (unit = 'hour' and filter.time_zone ilike '%antarctica/casey')
    or jsonb_strip_nulls(to_jsonb(filter))
      - array['source', 'organization', 'no_organization', 'widget', 'from_time', 'to_time', 'time_zone'] <> '{}'
    or shift <> date_bin('15 minutes', '2000-01-01'::timestamp + shift, '2000-01-01') - '2000-01-01'::timestamp
  then
    return format(live, 'true');
  end if;
  execute format(
    'select s.built_to from %1$I.rollup_state as s where not exists (select from %1$I.rollup_resets)', home
  ) into rolled_to;
  rolled_from := greatest(
    metrics.quarter_hour(filter.from_time + interval '15 minutes' - interval '1 microsecond'), metrics.first_rollup()
  );
  -- None after a reset: least() would pass over that.
  rolled_to := case when rolled_to is not null then least(metrics.quarter_hour(filter.to_time), rolled_to) end;
  if rolled_to is null or rolled_from >= rolled_to then
    return format(live, 'true');
  end if;

  execute format(
    'select count(distinct o.starts_at) from %I.rollup_changes as o where o.starts_at >= %L and o.starts_at < %L %s',
    home, rolled_from, rolled_to, one_tenant
  ) into changed_quarters using filter;
  if changed_quarters > extract(epoch from rolled_to - rolled_from) / 900 / 4 then
    return format(live, 'true');
  end if;
  select array_agg(s order by s desc) into spans
  from unnest('{15, 60, 1440}'::smallint[]) as s
  where s <= metrics.longest_rollup(unit, filter.time_zone, rolled_from, rolled_to, shift);
  if changed_quarters > 0 then
    kept := kept || format(out_of_date, 'o', 'o.minutes', 'o.starts_at', 'not true');
  end if;

  foreach span in array spans loop
    span_from := metrics.rollup_start(rolled_from + make_interval(mins => span) - interval '1 microsecond', span);
    span_to := metrics.rollup_start(rolled_to, span);
    continue when span_from >= span_to;
    if longer is null then
      parts := parts || (format(rolled, home, span, quote_literal(span_from), quote_literal(span_to)) || kept);
    else
      -- At the ends, where no longer one fits.
      if span_from < longer_from then
        parts := parts || (format(rolled, home, span, quote_literal(span_from), quote_literal(longer_from)) || kept);
      end if;
      if longer_to < span_to then
        parts := parts || (format(rolled, home, span, quote_literal(longer_to), quote_literal(span_to)) || kept);
      end if;
      if changed_quarters > 0 then
        parts := parts || (
          format(
            'select s.* from (select distinct c.starts_at from changed as c '
              'where c.minutes = %s and c.starts_at >= %L and c.starts_at < %L) as c cross join lateral (',
            longer, longer_from, longer_to
          )
          || format(rolled, home, span, 'c.starts_at', format('c.starts_at + interval ''%s minutes''', longer))
          || kept || format(out_of_date, 'o', longer || '::smallint', 'c.starts_at', 'true')
          -- An OFFSET, so that each is looked up by index.
          || ' offset 0) as s'
        );
      end if;
    end if;
    longer := span;
    longer_from := span_from;
    longer_to := span_to;
  end loop;
  if changed_quarters > 0 then
    parts := parts || (
      'select s.* from (select distinct c.starts_at from changed as c where c.minutes = 15) as c cross join lateral ('
      || format(
        live,
        'm.conversation_start >= c.starts_at and m.conversation_start < c.starts_at + interval ''15 minutes'''
        || format(out_of_date, 'm', '15::smallint', 'c.starts_at', 'true')
      )
      || ' offset 0) as s'
    );
  end if;
  if filter.from_time is null or filter.from_time < rolled_from then
    parts := parts || format(live, 'm.conversation_start < ' || quote_literal(rolled_from));
  end if;
  if filter.to_time is null or filter.to_time > rolled_to then
    parts := parts || format(live, 'm.conversation_start >= ' || quote_literal(rolled_to));
  end if;
  if filter.from_time is null and filter.to_time is null then
    parts := parts || format(live, 'm.conversation_start is null');
  end if;

  return case when changed_quarters = 0 then '' else format(
    $sql$
    with changed as materialized (
      select distinct s.minutes, metrics.rollup_start(o.starts_at, s.minutes) as starts_at,
        coalesce(o.organization_id, '') as organization, o.organization_id is null as has_none
      from %I.rollup_changes as o
      cross join unnest(%L::smallint[]) as s (minutes)
      where o.starts_at >= %L and o.starts_at < %L %s
    )
    $sql$,
    home, spans, rolled_from, rolled_to, one_tenant
  ) end || array_to_string(parts, ' union all ');
end; $$;

comment on function metrics.sums_query(public.report_filter, text, interval) is
  'The text of a query of sums that can be added up further, of the conversations of the filter $1 by the moment at, the start of a session or of a rollup that lies within one unit (hour, day, week, month, all). shift is what their times will be moved by: only whole quarters of an hour keep them together.';
