import type { Sql } from "../../../src/database.ts";

/** Every object of the database that is not PostgreSQL's own, as text: what must be the same before and after. */
export const catalogOf = async (db: Sql): Promise<string[]> => {
  const rows = await db<{ line: string }[]>`
    with own as (
      select oid, nspname, nspacl, nspowner from pg_namespace where nspname !~ '^pg_' and nspname <> 'information_schema'
    )
    select concat_ws(' ', 'schema', nspname, nspacl, nspowner) as line from own
    union all
    select concat_ws(' ', 'relation', nspname, relname, relkind, relacl, reloptions, relowner, relrowsecurity, relreplident,
      case when relkind = 'v' then pg_get_viewdef(c.oid) end, obj_description(c.oid, 'pg_class'))
    from pg_class as c join own on own.oid = relnamespace
    union all
    select concat_ws(' ', 'column', nspname, relname, attname, format_type(atttypid, atttypmod), attnotnull, attacl, attoptions,
      pg_get_expr(d.adbin, d.adrelid))
    from pg_attribute as a join pg_class as c on c.oid = attrelid join own on own.oid = relnamespace
    left join pg_attrdef as d on d.adrelid = attrelid and d.adnum = attnum
    where attnum > 0 and not attisdropped
    union all
    select concat_ws(' ', 'index', pg_get_indexdef(indexrelid)) from pg_index as i
    join pg_class as c on c.oid = indexrelid join own on own.oid = relnamespace
    union all
    select concat_ws(' ', 'constraint', conrelid::regclass, conname, pg_get_constraintdef(k.oid))
    from pg_constraint as k join own on own.oid = connamespace
    union all
    select concat_ws(' ', 'trigger', tgrelid::regclass, pg_get_triggerdef(t.oid), tgenabled) from pg_trigger as t where not tgisinternal
    union all
    select concat_ws(' ', 'function', p.oid::regprocedure, md5(prosrc), proacl, proowner, prosecdef, proconfig)
    from pg_proc as p join own on own.oid = pronamespace
    union all
    select concat_ws(' ', 'type', nspname, typname, typtype) from pg_type as t join own on own.oid = typnamespace
    union all
    select concat_ws(' ', 'statistics', nspname, stxname) from pg_statistic_ext join own on own.oid = stxnamespace
    order by 1`;
  return rows.map(({ line }) => line);
};
