create or replace function metrics.scans_table(query text, of_table regclass) returns boolean
language plpgsql
set search_path = pg_catalog, pg_temp
-- Dear enough that what still scans has no index to use.
set enable_seqscan = off
set join_collapse_limit = 8
set from_collapse_limit = 8
set jit = off
set enable_hashjoin = off
set enable_mergejoin = off
as $$
declare
  plan json;
begin
  execute 'explain (format json) ' || query into plan;
  return jsonb_path_exists(
    plan::jsonb,
    -- By an index without a condition, or with one that nearly all rows meet: from end to end as well.
    '$.** ? (@."Relation Name" == $name && (@."Node Type" == "Seq Scan"
      || !exists(@."Index Cond") && !exists(@."Recheck Cond") && @."Node Type" like_regex "Scan$"
      || @."Index Cond" like_regex "^[(][^()]+ IS NOT NULL[)]$"
      || @."Recheck Cond" like_regex "^[(][^()]+ IS NOT NULL[)]$"))',
    jsonb_build_object('name', (select c.relname from pg_class as c where c.oid = of_table))
  );
end; $$;

comment on function metrics.scans_table(text, regclass) is
  'Whether a query has no other way than to read a table from end to end.';
