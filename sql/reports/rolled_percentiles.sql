-- Between the two times that the place lies between, as percentile_cont.
create or replace function metrics.rolled_percentiles(filter public.report_filter)
returns table (measure text, count bigint, average double precision, percentiles double precision[])
language plpgsql stable
set search_path = pg_catalog, pg_temp
set jit = off
as $$
begin
  return query execute format(
    $sql$
    with bins as materialized (
      select (p.bin >> 32) / 10000 as measure, metrics.bin_us(p.bin) as us, sum(p.number) as number
      from (%s) as p
      group by p.bin
    ),
    ranked as materialized (
      select b.measure, b.us, sum(b.number) over (partition by b.measure order by b.us) as up_to from bins as b
    )
    select
      m.name, coalesce(m.count, 0), m.average::double precision,
      array(
        select lower.us + (upper.us - lower.us) * (place.at - floor(place.at))
        from unnest(array[0.5, 0.9, 0.95, 0.99]::double precision[]) with ordinality as f (fraction, number)
        cross join lateral (select f.fraction * (m.count - 1) as at) as place
        cross join lateral (
          select min(r.us) as us from ranked as r where r.measure = m.number and r.up_to > floor(place.at)
        ) as lower
        cross join lateral (
          select min(r.us) as us from ranked as r where r.measure = m.number and r.up_to > ceil(place.at)
        ) as upper
        order by f.number
      )
    from (select) as one_row
    -- Without a row where there is no conversation.
    left join metrics.period_sums($1, 'all', 0, '0') as s on true
    cross join lateral (
      values
        (1, 'answer', s.response_count, s.response_us_sum / nullif(s.response_count, 0)),
        (2, 'conversation', s.answered_conversations, s.average_us_sum / nullif(s.answered_conversations, 0)),
        (3, 'duration', s.timed_conversations, extract(epoch from s.duration_sum) * 1000000 / nullif(s.timed_conversations, 0))
    ) as m (number, name, count, average)
    $sql$,
    metrics.times_query(filter)
  ) using filter;
end; $$;

comment on function metrics.rolled_percentiles(public.report_filter) is
  'As metrics.time_percentiles, of what metrics.times_query can tell: count and mean as exact, percentiles at most a hundredth away.';
