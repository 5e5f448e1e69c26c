-- A text, since a source's rollups are in its own schema, and since the planner then sees the filter's
-- values. What filters single sessions reads all of them; else the rollups are read, and the sessions
-- themselves where a rollup is out of date, not there yet, or only a part of it is in the range.
create or replace function metrics.sums_query(filter public.report_filter, shift interval default '0') returns text
language plpgsql stable
set search_path = pg_catalog, pg_temp
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
  rolled_from timestamptz;
  rolled_to timestamptz;
  changed_quarters bigint;
  first_rolled text;
  first_left text;
  own text;
begin
  -- Any other field tells sessions of one rollup apart.
  if jsonb_strip_nulls(to_jsonb(filter))
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

  first_rolled := format('to_timestamp(%s)', extract(epoch from rolled_from)::bigint);
  first_left := format('to_timestamp(%s)', extract(epoch from rolled_to)::bigint);
  own := format('o.starts_at >= %s and o.starts_at < %s', first_rolled, first_left)
    || case
      when filter.organization is not null then ' and hashtextextended(o.organization_id, 0) = '
        'hashtextextended(($1).organization, 0) and o.organization_id = ($1).organization'
      when filter.no_organization then ' and o.organization_id is null'
      else ''
    end;
  execute format('select count(distinct o.starts_at) from %I.rollup_changes as o where %s', home, own)
    into changed_quarters using filter;
  if changed_quarters > extract(epoch from rolled_to - rolled_from) / 900 / 4 then
    return format(live, 'true');
  end if;
  -- By what changed in a hash, however much: "is true" keeps it from becoming a join.
  return case when changed_quarters = 0 then '' else format(
    $sql$
    with changed (starts_at, organization, has_none) as materialized (
      select distinct o.starts_at, coalesce(o.organization_id, ''), o.organization_id is null
      from %1$I.rollup_changes as o
      where %2$s
    )
    $sql$,
    home, own
  ) end
    || format(
    $sql$
    select
      o.starts_at as at, o.conversations, o.user_messages, o.ai_messages, o.prompt_tokens, o.completion_tokens,
      o.estimated_messages, o.leads, o.rating_count, o.rating_sum, o.response_count, o.response_us_sum, o.duration_sum
    from %1$I.rollups as o
    where %2$s
    $sql$,
    home, own
  )
    || case when changed_quarters = 0 then ''
      else ' and (o.starts_at, coalesce(o.organization_id, ''''), o.organization_id is null) not in (table changed)' end
    || case when filter.widget is null then ' and o.all_widgets' else ' and not o.all_widgets and o.widget_id = ($1).widget' end
    || case when changed_quarters = 0 then '' else $sql$
    union all
    select m.*
    from (select distinct c.starts_at from changed as c) as c
    cross join lateral ($sql$
    || format(live, 'm.conversation_start >= c.starts_at and m.conversation_start < c.starts_at + interval ''15 minutes''
      and ((c.starts_at, coalesce(m.organization_id, ''''), m.organization_id is null) in (table changed)) is true')
    -- An OFFSET, so that each is looked up by index.
    || ' offset 0) as m' end
    || case when filter.from_time is null or filter.from_time < rolled_from
      then ' union all ' || format(live, 'm.conversation_start < ' || first_rolled) else '' end
    || case when filter.to_time is null or filter.to_time > rolled_to
      then ' union all ' || format(live, 'm.conversation_start >= ' || first_left) else '' end
    || case when filter.from_time is null and filter.to_time is null
      then ' union all ' || format(live, 'm.conversation_start is null') else '' end;
end; $$;

comment on function metrics.sums_query(public.report_filter, interval) is
  'The text of a query of sums that can be added up further, of the conversations of the filter $1 by the moment at, the start of a session or of a quarter of an hour of them. shift is what their times will be moved by: only whole quarters of an hour keep them together.';
