create or replace function metrics.hour_sums(filter public.report_filter)
returns table (weekday integer, hour integer, conversations bigint, messages bigint, total_tokens bigint)
language plpgsql stable
set search_path = pg_catalog, pg_temp
set jit = off
as $$
begin
  return query execute format(
    $sql$
    select
      extract(isodow from p.at at time zone ($1).time_zone)::integer,
      extract(hour from p.at at time zone ($1).time_zone)::integer,
      sum(p.conversations)::bigint, sum(p.user_messages + p.ai_messages)::bigint,
      sum(p.prompt_tokens + p.completion_tokens)::bigint
    from (%s) as p
    where p.at is not null
    group by 1, 2
    $sql$,
    metrics.sums_query(filter, 'hour')
  ) using filter;
end; $$;

comment on function metrics.hour_sums(public.report_filter) is
  'Sums over the conversations of a filter by weekday and hour of conversation_start in its time zone.';
