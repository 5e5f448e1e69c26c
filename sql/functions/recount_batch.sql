create or replace function metrics.recount_batch(
  after_id text,
  batch_size integer,
  out last_id text,
  out rows_seen integer,
  out rows_changed integer
)
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  ids metrics.token_batches.conversation_ids%type;
  counted_otherwise metrics.token_batches.conversation_ids%type;
begin
  -- What is being counted was read by the encodings of before: its counts find no batch then, and are dropped.
  if after_id is null then
    delete from metrics.token_batches;
  end if;
  ids := array(
    select l.conversation_id
    from metrics.messages as l
    where after_id is null
      or l.conversation_id > (jsonb_populate_record(null::metrics.messages, jsonb_build_object('conversation_id', after_id))).conversation_id
    order by l.conversation_id
    limit batch_size
  );
  with counted as materialized (
    select l.conversation_id, l.encoding, l.encoding_assumed, s.model
    from unnest(ids) as id
    join metrics.messages as l on l.conversation_id = id
    join metrics.source_messages as s on s.conversation_id = id
    where 'tiktoken' in (l.prompt_source, l.completion_source)
  ),
  models as materialized (
    select named.model, e.encoding, e.assumed
    from (select distinct counted.model from counted) as named
    cross join lateral metrics.model_encoding(named.model) as e
  )
  select coalesce(array_agg(counted.conversation_id), '{}') into counted_otherwise
  from counted
  join models on models.model is not distinct from counted.model
  where (counted.encoding, counted.encoding_assumed) is distinct from (models.encoding, models.assumed);

  if cardinality(counted_otherwise) > 0 then
    -- Locked first, as for every change; without its digest an exact count holds no longer.
    perform metrics.enter_sessions(metrics.sessions_of_messages(counted_otherwise));
    update metrics.messages as l set prompt_digest = null, completion_digest = null
    from unnest(counted_otherwise) as id
    where l.conversation_id = id;
    perform metrics.sync('messages', counted_otherwise);
  end if;
  last_id := ids[cardinality(ids)]::text;
  rows_seen := cardinality(ids);
  rows_changed := cardinality(counted_otherwise);
end; $$;

comment on function metrics.recount_batch(text, integer) is
  'One step after a change of metrics.model_encodings: of up to batch_size ledger rows with ids after after_id (NULL: from the start), those counted with another encoding than their model''s become estimates, and so are counted again. Batches under way are given back, to be counted anew. Returns the last id seen (NULL: done), and how many rows it saw and changed. Safe to stop and repeat.';
