-- All names in sql/ are written with their schema, so the text of an object for another source is the
-- text with another schema. What is the same for all sources stays in the schema metrics.
create or replace function metrics.localized(body text, schema_name text) returns text
language sql stable
set search_path = pg_catalog, pg_temp
begin atomic
  select case when schema_name = 'metrics' then body else
    regexp_replace(
      regexp_replace(
        body,
        '\mmetrics\.(?=(?:(?:' || (
          select string_agg(distinct made.part[1], '|')
          from metrics.engine_objects as o
          cross join lateral regexp_matches(
            o.body, 'create (?:or replace )?(?:function|view|table|type) metrics\.(\w+)', 'g'
          ) as made (part)
        ) || '|source_name)\M)|(?:source|counted|tg)_|%)',
        schema_name || '.', 'g'
      ),
      '\mpublic\.(?=(?:conversation_metrics|conversation_metrics_archive|conversation_metrics_drift|sync_conversation_metrics)\M)',
      schema_name || '.', 'g'
    )
  end;
end;

comment on function metrics.localized(text, text) is
  'The text of an engine object for the source that lives in another schema.';
