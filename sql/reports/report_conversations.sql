create or replace function public.report_conversations(
  filter public.report_filter default public.report_filter(),
  sort text default 'conversation_start',
  descending boolean default true,
  page_size integer default 50,
  after text default null
) returns table (
  source text,
  session_id text,
  organization_id text,
  widget_id text,
  user_id text,
  conversation_id text,
  conversation_start timestamptz,
  conversation_end timestamptz,
  conversation_duration double precision,
  total_messages integer,
  user_messages integer,
  ai_messages integer,
  total_tokens bigint,
  prompt_tokens bigint,
  completion_tokens bigint,
  estimated_messages integer,
  average_response_time double precision,
  response_count integer,
  has_lead boolean,
  lead_name text,
  lead_email text,
  lead_company text,
  user_satisfaction double precision,
  rating_count integer,
  created_at timestamptz,
  updated_at timestamptz,
  session_key uuid,
  cursor text
)
language plpgsql stable
set search_path = pg_catalog, pg_temp
set jit = off
-- A cursor holds a value as text, which must be all of it and read back the same.
set extra_float_digits = 1
set datestyle = 'ISO, YMD'
set timezone = 'UTC'
as $$
declare
  f constant public.report_filter := metrics.checked_filter(filter);
  kind constant text := metrics.sort_type(sort);
  -- Bytewise, so that no change of a collation's rules reorders a page.
  ordered constant text := format('m.%I%s', sort, case kind when 'text' then ' collate "C"' else '' end);
  place constant record := metrics.page_place(after, sort, descending);
  found_rows bigint := 0;
  query text;
begin
  perform metrics.source_schema(f.source);
  if page_size is null or page_size < 0 then
    raise exception 'page_size cannot be %', coalesce(page_size::text, 'NULL')
      using errcode = 'invalid_row_count_in_limit_clause', hint = 'How many conversations a page holds: 0 or more.';
  end if;
  query := format(
    $sql$
    select
      m.source, m.session_id, m.organization_id, m.widget_id, m.user_id, m.conversation_id,
      m.conversation_start, m.conversation_end, m.conversation_duration, m.total_messages, m.user_messages,
      m.ai_messages, m.total_tokens, m.prompt_tokens, m.completion_tokens, m.estimated_messages,
      m.average_response_time, m.response_count, m.has_lead, m.lead_name, m.lead_email, m.lead_company,
      m.user_satisfaction, m.rating_count, m.created_at, m.updated_at,
      m.session_key,
      jsonb_build_array(%1$L, $5, m.%2$I::text, m.session_key)::text
    from public.report_sessions($1) as m
    $sql$,
    sort, sort
  );
  -- NULLs are last either way: those that have a value first, in an order that an index can give.
  if place.session_key is null or place.value is not null then
    return query execute query || format(
      ' where m.%1$I is not null %2$s order by %3$s %4$s, m.session_key limit $4',
      sort,
      case when place.session_key is not null then format(
        'and %1$s %2$s $2::%3$s%4$s and (%1$s %5$s $2::%3$s%4$s or m.session_key > $3)',
        ordered, case when descending then '<=' else '>=' end, kind, case kind when 'text' then ' collate "C"' else '' end,
        case when descending then '<' else '>' end
      ) end,
      ordered, case when descending then 'desc' else 'asc' end
    ) using f, place.value, place.session_key, page_size, descending;
    get diagnostics found_rows = row_count;
  end if;
  if found_rows < page_size then
    return query execute query || format(
      ' where m.%I is null and ($3 is null or m.session_key > $3) order by m.session_key limit $4', sort
    ) using f, null, case when place.value is null then place.session_key end, page_size - found_rows, descending;
  end if;
end; $$;

comment on function public.report_conversations(public.report_filter, text, boolean, integer, text) is
  'One row for each conversation whose conversation_start is in the filter''s range, a page at a time: give the cursor of a page''s last row as after to get the next one. sort: any column but source, session_key and cursor; text and ids in bytewise order; NULLs last in both directions; ties by session_key. A page deep in the list costs what the first does, and no conversation comes twice or is left out because others come meanwhile. Durations and response times are seconds.';
