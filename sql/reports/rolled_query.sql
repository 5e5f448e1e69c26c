-- A text, since a source's rollups are in its own schema, and since the planner then sees the filter's
-- values. What filters single sessions reads all of them; else the rollups are read, the longest that fit, and
-- the sessions themselves where a rollup is out of date, not there yet, or only a part of it is in the range.
create or replace function metrics.rolled_query(
  filter public.report_filter, unit text, shift interval, shortest integer, rolled text, live text
) returns text
language plpgsql stable
set search_path = pg_catalog, pg_temp
-- Times in the text are read as they were meant.
set datestyle = 'ISO, YMD'
as $$
declare
  home constant name := metrics.source_schema(filter.source);
  within constant text := ' where o.minutes = %s and o.starts_at >= %s and o.starts_at < %s';
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
  changed_spans bigint;
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
    or shift <> date_bin(make_interval(mins => shortest), '2000-01-01'::timestamp + shift, '2000-01-01') - '2000-01-01'::timestamp
  then
    return null;
  end if;
  execute format(
    'select s.built_to from %1$I.rollup_state as s where not exists (select from %1$I.rollup_resets)', home
  ) into rolled_to;
  rolled_from := greatest(
    metrics.rollup_start(filter.from_time + make_interval(mins => shortest) - interval '1 microsecond', shortest),
    metrics.first_rollup()
  );
  -- None after a reset: least() would pass over that.
  rolled_to := case when rolled_to is not null then metrics.rollup_start(least(filter.to_time, rolled_to), shortest) end;
  if rolled_to is null or rolled_from >= rolled_to then
    return null;
  end if;

  execute format(
    'select count(distinct metrics.rollup_start(o.starts_at, %s)) from %I.rollup_changes as o '
      'where o.starts_at >= %L and o.starts_at < %L %s',
    shortest, home, rolled_from, rolled_to, one_tenant
  ) into changed_spans using filter;
  if changed_spans > extract(epoch from rolled_to - rolled_from) / (60 * shortest) / 4 then
    return null;
  end if;
  select array_agg(s order by s desc) into spans
  from unnest('{15, 60, 1440}'::smallint[]) as s
  where s >= shortest and s <= metrics.longest_rollup(unit, filter.time_zone, rolled_from, rolled_to, shift);
  if changed_spans > 0 then
    kept := kept || format(out_of_date, 'o', 'o.minutes', 'o.starts_at', 'not true');
  end if;

  foreach span in array spans loop
    span_from := metrics.rollup_start(rolled_from + make_interval(mins => span) - interval '1 microsecond', span);
    span_to := metrics.rollup_start(rolled_to, span);
    continue when span_from >= span_to;
    if longer is null then
      parts := parts || (rolled || format(within, span, quote_literal(span_from), quote_literal(span_to)) || kept);
    else
      -- At the ends, where no longer one fits.
      if span_from < longer_from then
        parts := parts || (rolled || format(within, span, quote_literal(span_from), quote_literal(longer_from)) || kept);
      end if;
      if longer_to < span_to then
        parts := parts || (rolled || format(within, span, quote_literal(longer_to), quote_literal(span_to)) || kept);
      end if;
      if changed_spans > 0 then
        parts := parts || (
          format(
            'select s.* from (select distinct c.starts_at from changed as c '
              'where c.minutes = %s and c.starts_at >= %L and c.starts_at < %L) as c cross join lateral (',
            longer, longer_from, longer_to
          )
          || rolled || format(within, span, 'c.starts_at', format('c.starts_at + interval ''%s minutes''', longer))
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
  if changed_spans > 0 then
    parts := parts || (
      'select s.* from (select distinct c.starts_at from changed as c where c.minutes = ' || shortest || ') as c cross join lateral ('
      || format(
        live,
        'm.conversation_start >= c.starts_at and m.conversation_start < c.starts_at + interval ''' || shortest || ' minutes'''
        || format(out_of_date, 'm', shortest || '::smallint', 'c.starts_at', 'true')
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

  return case when changed_spans = 0 then '' else format(
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

comment on function metrics.rolled_query(public.report_filter, text, interval, integer, text, text) is
  'The text of a query of what can be added up further over the conversations of the filter $1: of rollups (rolled: select … from rollups as o) that lie within one unit (hour, day, week, month, all) and are not shorter than shortest (minutes), and of the sessions that are in none (live: select … from report_sessions($1) as m where %1$s). NULL where the sessions are better read alone. shift is what their times will be moved by: only whole rollups stay together.';
