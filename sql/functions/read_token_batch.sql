create or replace function metrics.read_token_batch(batch bigint, worker text)
returns table (
  conversation_id text,
  version xid,
  encoding metrics.encoding,
  encoding_assumed boolean,
  prompt text,
  completions text[],
  prompt_digest text,
  completion_digest text
)
language plpgsql
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_hashjoin = off
set enable_mergejoin = off
set enable_seqscan = off
set join_collapse_limit = 8
set from_collapse_limit = 8
set jit = off
as $$
declare
  ids metrics.token_batches.conversation_ids%type;
begin
  update metrics.token_batches as b set worker = read_token_batch.worker, read_at = clock_timestamp()
  where b.batch_id = batch
  returning b.conversation_ids into ids;
  return query
    with texts as materialized (
      select
        s.conversation_id, l.xmin as version, s.model, s.message, s.response,
        case when s.role = 'assistant' then s.message end as assistant_message,
        l.prompt_source, l.completion_source, l.encoding as counted_encoding
      from unnest(ids) as id
      join metrics.messages as l on l.conversation_id = id
      join metrics.source_messages as s on s.conversation_id = id
    ),
    models as materialized (
      select named.model, e.encoding, e.assumed
      from (select distinct texts.model from texts) as named
      cross join lateral metrics.model_encoding(named.model) as e
    ),
    sides as (
      select
        texts.*, models.encoding, models.assumed,
        -- Both sides of a row by one encoding: what another one counted is counted again.
        texts.prompt_source = 'estimate'
          or (texts.prompt_source = 'tiktoken' and texts.counted_encoding <> models.encoding) as count_prompt,
        texts.completion_source = 'estimate'
          or (texts.completion_source = 'tiktoken' and texts.counted_encoding <> models.encoding) as count_completion
      from texts
      join models on models.model is not distinct from texts.model
    )
    select
      sides.conversation_id::text, sides.version, sides.encoding, sides.assumed,
      case when sides.count_prompt then sides.message end,
      case when sides.count_completion then array_remove(array[sides.assistant_message, sides.response], null) end,
      case when sides.count_prompt then metrics.text_digest(sides.model, sides.message, null)::text end,
      case when sides.count_completion
        then metrics.text_digest(sides.model, sides.assistant_message, sides.response)::text end
    from sides
    where sides.count_prompt or sides.count_completion;
end; $$;

comment on function metrics.read_token_batch(bigint, text) is
  'The texts of a batch that are still to be counted, for the worker named; prompt or completions NULL for a side that is not. None where the batch or its rows are gone: then the job is done. Version and digests go back unchanged to metrics.write_token_counts.';
