create or replace function metrics.backfill_batch(
  kind text,
  after_id text,
  batch_size integer,
  out last_id text,
  out rows_seen integer,
  out rows_changed integer
)
language plpgsql
set search_path = pg_catalog, pg_temp
-- Less than deadlock_timeout: where this and a writer wait for each other, it is this that gives way.
set lock_timeout = '300ms'
as $$
declare
  id_column constant text := case kind
    when 'messages' then 'conversation_id' when 'leads' then 'lead_id' when 'feedback' then 'feedback_id' end;
begin
  if id_column is null then
    raise exception 'unknown kind of source: %', kind
      using errcode = 'invalid_parameter_value', hint = 'Use messages, leads or feedback.';
  end if;
  loop
    begin
      -- By the order of the id's own type; only rows that the ledger does not have right are touched.
      execute format(
        $sql$
        with batch as materialized (
          select s.%1$I as id
          from metrics.source_%2$s as s
          where $1 is null or s.%1$I > $1::%3$s
          order by s.%1$I
          limit $2
        ),
        differing as (
          select batch.id
          from batch
          join metrics.counted_%2$s as c on c.%1$I = batch.id
          left join metrics.%2$s as l on l.%1$I = batch.id
          where l.%1$I is null or l.session_key is distinct from c.session_key
        )
        select
          (select batch.id::text from batch order by batch.id desc limit 1),
          (select count(*) from batch),
          (select count(*) from differing),
          metrics.sync(%2$L, array(select id from differing))
        $sql$,
        id_column, kind, metrics.column_type(('metrics.source_' || kind)::regclass, id_column)
      )
      into last_id, rows_seen, rows_changed
      using after_id, batch_size;
      return;
    exception when lock_not_available or deadlock_detected then
      -- All its locks are given back with the subtransaction; the batch begins anew.
      perform pg_sleep(0.1 * random());
    end;
  end loop;
end; $$;

comment on function metrics.backfill_batch(text, text, integer) is
  'One step of the backfill that blocks no writer: counts up to batch_size source rows of a kind (messages, leads, feedback) with ids after after_id (NULL: from the start) that the ledger does not know. Returns the last id seen (NULL: done), and how many rows it saw and counted. Waits at most 300 ms for a lock, then gives all of its own back and begins anew, as often as it takes. Safe to stop, resume and repeat.';
