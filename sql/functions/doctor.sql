create or replace function metrics.doctor(sample integer default 100)
returns table (check_name text, ok boolean, finding text, cure text)
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
  problem text;
  number bigint;
begin
  problem := metrics.missing_objects();
  if problem is not null then
    return query select 'installation', false, 'gone, with what depended on it: ' || problem,
      'npx conversation-metrics migrate: it removes what is left, and counts anew';
    return;
  end if;

  problem := nullif(metrics.mapping_problems(), '');
  return query select 'columns', problem is null,
    case when problem is null then 'the triggers can read every source' else 'every write fails: ' || problem end,
    case when problem is not null
      then 'Rename the column back; or: npx conversation-metrics uninstall, then: npx conversation-metrics migrate' end;

  problem := (
    select string_agg(format('%s: %s', s.kind, error.message), '; ')
    from metrics.sources as s cross join lateral metrics.mapping_error(s.kind) as error (message)
    where s.is_view and error.message is not null
  );
  if problem is not null then
    return query select 'mapping', false, 'it fails on rows that nothing has recorded: ' || problem,
      'npx conversation-metrics repair: it records them, and counts the others';
    return;
  end if;
  select count(*) into number from metrics.failed_rows as f;
  if number > 0 or exists (select from metrics.sources as s where s.is_view) then
    return query select 'mapping', number = 0,
      case when number = 0 then 'it fails on no row' else (
        select case number when 1 then 'it fails on 1 row, which is not counted: '
            else format('it fails on %s rows, which are not counted: ', number) end
          || string_agg(format('%s %s (%s)', f.kind, f.row_id, f.error), ', ' order by f.failed_at)
          || case when number > 5 then ' …' else '' end
        from (select * from metrics.failed_rows as f order by f.failed_at limit 5) as f
      ) end,
      case when number > 0
        then 'Mend the rows; or the view, then attach it again. select * from metrics.failed_rows' end;
  end if;

  problem := metrics.repeated_ids();
  return query select 'ids', problem is null,
    case when problem is null then 'each names one row' else 'name more than one row each, of which one counts: ' || problem end,
    case when problem is not null then 'Give each row an id of its own, then: npx conversation-metrics repair' end;

  -- Every table that rows can be written to, with the state of its four triggers.
  select string_agg(format('%s: %s', state.relation, state.problem), '; ' order by state.relation::text) into problem
  from (
    select t.relation, string_agg(coalesce(
      case g.tgenabled when 'D' then event || ' disabled' when 'R' then event || ' fires only on a replica' end,
      case when g.oid is null then event || ' missing' end), ', ') as problem
    from metrics.source_tables as t
    cross join unnest(array['insert', 'update', 'delete', 'truncate']) as event
    left join pg_trigger as g on g.tgrelid = t.relation and g.tgname = metrics.trigger_name(t.kind, event)
    group by t.relation
  ) as state
  where state.problem is not null;
  return query select 'triggers', problem is null,
    coalesce(problem, 'present and enabled on every source table'),
    case when problem is not null then 'select metrics.install(); then: npx conversation-metrics repair' end;

  select count(*) into number from metrics.source_messages as s where s.organization_id is null;
  return query select 'organizations', true,
    case when number = 0 then 'every row names its organization'
      else number || ' message rows have no organization; they count as one tenant of their own' end,
    case when number > 0 then 'If they belong to an organization: update conversations set organization_id = … where organization_id is null' end;

  number := metrics.rows_left_out();
  return query select 'session ids', number = 0,
    case when number = 0 then 'every row names its session' else number || ' message rows have no id or no session_id and are not counted' end,
    case when number > 0 then 'update conversations set session_id = … where session_id is null; likewise id' end;

  select count(*) into number
  from metrics.session_metrics as without
  where without.organization_id is null and exists (
    select from metrics.session_metrics as other
    where other.session_id = without.session_id and other.organization_id is not null
  );
  return query select 'duplicates', true,
    case when number = 0 then 'one row per session (a unique constraint), and no session id both with and without an organization'
      else case number when 1 then '1 session id appears' else number || ' session ids appear' end
        || ' both with and without an organization: two sessions each' end,
    case when number > 0 then 'Give every row of a session the same organization_id; its metrics rows then become one' end;

  -- Such a row is of the session without an organization, and that is not there.
  select string_agg(format('%s (%s)', each.kind, each.number), ' and ' order by each.kind desc) into problem
  from (
    select named.kind, count(*) as number
    from (
      select 'leads' as kind, l.session_id::text from metrics.source_leads as l where l.organization_id is null
      union all
      select 'feedback', f.session_id::text from metrics.source_feedback as f where f.organization_id is null
    ) as named
    where exists (select from metrics.session_metrics as m where m.session_id::text = named.session_id)
      and not exists (
        select from metrics.session_metrics as m where m.session_id::text = named.session_id and m.organization_id is null
      )
    group by named.kind
  ) as each;
  return query select 'leads and feedback', true,
    coalesce('rows of ' || problem || ' name a session of an organization, but not the organization: they count for none',
      'none names a session of an organization without naming that'),
    case when problem is not null
      then 'Give them the organization_id of their session, in their column or in the view that maps them. A column that is new is read after: npx conversation-metrics uninstall, then migrate' end;

  number := metrics.sample_drift(sample);
  return query select 'drift in a sample', number = 0,
    case when number = 0 then format('none in the newest %s sessions and message rows', sample)
      else format('%s in the newest %s sessions and message rows', case number when 1 then '1 difference' else number || ' differences' end, sample) end,
    case
      when number = 0 then null
      when metrics.has_uncounted()
        then 'Rows were never counted: npx conversation-metrics backfill, then: npx conversation-metrics verify'
      else 'npx conversation-metrics verify, then: npx conversation-metrics repair'
    end;

  select string_agg(c.oid::regclass::text, ', ') into problem
  from metrics.source_tables as t
  join pg_class as c on c.oid = t.relation
  join pg_class as ours on ours.oid = 'public.conversation_metrics'::regclass
  join pg_roles as owner on owner.oid = ours.relowner
  where c.relrowsecurity and not owner.rolsuper and not owner.rolbypassrls
    and (c.relforcerowsecurity or c.relowner <> ours.relowner);
  return query select 'row-level security', problem is null,
    coalesce('the owner of conversation_metrics does not see every row of ' || problem, 'hides no source row from us'),
    case when problem is not null then format('alter role %I bypassrls',
      (select pg_get_userbyid(relowner) from pg_class where oid = 'public.conversation_metrics'::regclass)) end;

  return query select 'session_replication_role', current_setting('session_replication_role') <> 'replica',
    case current_setting('session_replication_role') when 'replica'
      then 'this session writes without firing triggers' else 'triggers fire' end,
    case current_setting('session_replication_role') when 'replica'
      then 'set session_replication_role = origin; then: npx conversation-metrics repair' end;
end; $$;

comment on function metrics.doctor(integer) is
  'Checks what can go wrong in operation: what is gone, columns and ids, triggers, rows without organization or session, duplicates, leads and feedback that count for none, drift in the sessions changed last, hidden rows. Each finding comes with its cure.';
