create or replace function metrics.check_source(of_table regclass, required text[]) returns void
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
  missing text;
  relation pg_class;
  is_repeated boolean;
begin
  select * into relation from pg_class where oid = of_table;
  if relation.relkind not in ('r', 'p') or relation.relpersistence = 't' then
    raise exception 'table % cannot be adopted: it is not an ordinary or partitioned table', of_table
      using errcode = 'wrong_object_type',
        hint = 'Triggers need a table. Rename this object, so that a table of that name can be made or adopted.';
  end if;
  if relation.relpersistence = 'u' then
    raise exception 'table % cannot be adopted: it is unlogged', of_table
      using errcode = 'wrong_object_type',
        hint = format('A crash would empty it, but not the metrics. Make it permanent: alter table %s set logged.', of_table);
  end if;

  select string_agg(name, ', ') into missing
  from unnest(required) as name
  where not exists (
    select from unnest(string_to_array(name, ' or ')) as choice
    where metrics.column_type(of_table, choice) is not null
  );
  if missing is not null then
    raise exception 'table % cannot be adopted: it has no column %', of_table, missing
      using errcode = 'undefined_column',
        hint = format('Add the column (alter table %s add column …). If the table is for something else: migrate --attach-only leaves it alone.', of_table);
  end if;

  -- Partitioned tables cannot have a unique index without their partition key: leading is enough there.
  if not exists (
    select
    from pg_index as i
    join pg_attribute as a on a.attrelid = i.indrelid and a.attnum = i.indkey[0]
    where i.indrelid = of_table and a.attname = 'id' and i.indisunique and i.indisvalid
      and i.indpred is null and i.indexprs is null
      and (i.indnkeyatts = 1 or relation.relkind = 'p')
  ) then
    raise exception 'table % cannot be adopted: its column id has no primary key and no unique index', of_table
      using errcode = 'invalid_table_definition',
        hint = format('Add one: alter table %s add primary key (id).', of_table);
  end if;

  if not metrics.id_is_unique(of_table) then
    execute format('select exists (select from %s where id is not null group by id having count(*) > 1)', of_table)
      into is_repeated;
    if is_repeated then
      raise exception 'table % cannot be adopted: its column id repeats', of_table
        using errcode = 'unique_violation',
          hint = format('One id names one row, in all partitions and inheriting tables: select id, count(*) from %s group by id having count(*) > 1.', of_table);
    end if;
  end if;
end; $$;

comment on function metrics.check_source(regclass, text[]) is
  'Raises an error that names what a table lacks to be a source: a required column ("a or b" for a choice), a unique id, or being a permanent table at all.';
