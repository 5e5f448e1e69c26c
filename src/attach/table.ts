import type { Sql } from "../database.ts";

/** A column, as far as a mapping needs to know it. */
export type TableColumn = {
  name: string;
  /** The type, of a domain that below it, without length. */
  type: string;
  /** Its few different values among the newest rows; none where there are many. */
  values: string[];
  /** Of a number: its largest value among those rows. */
  largest: number | null;
  /** Of json: the keys of its objects. */
  keys: string[];
};

/** A foreign key of one column. */
export type Reference = { column: string; table: string; key: string };

/** A table with what its mapping can be guessed from. */
export type Table = {
  name: string;
  schema: string;
  columns: TableColumn[];
  primaryKey: string[];
  references: Reference[];
};

// Rows that are looked at, and how many different values a vocabulary has at most.
const SAMPLE = 2000;
const VOCABULARY = 12;
const LONGEST_VALUE = 40;

/** Reads a table; undefined where there is none of that name. */
export async function readTable(sql: Sql, name: string): Promise<Table | undefined> {
  const [table] = await sql<[{ oid: number; name: string; schema: string }?]>`
    select c.oid::integer, format('%I.%I', n.nspname, c.relname) as name, quote_ident(n.nspname) as schema
    from pg_class as c join pg_namespace as n on n.oid = c.relnamespace
    where c.oid = to_regclass(${name}) and c.relkind in ('r', 'p')`;
  if (table === undefined) return undefined;
  const found = await sql<{ name: string; type: string }[]>`
    select attname as name, format_type(coalesce(nullif(t.typbasetype, 0), t.oid), null) as type
    from pg_attribute as a join pg_type as t on t.oid = a.atttypid
    where attrelid = ${table.oid} and attnum > 0 and not attisdropped
    order by attnum`;
  const columns: TableColumn[] = [];
  for (const column of found) columns.push({ ...column, ...(await sampleColumn(sql, table.name, column)) });
  const key = await sql<{ name: string }[]>`
    select a.attname as name
    from pg_index as i
    cross join lateral unnest(i.indkey::int2[]) with ordinality as k (number, place)
    join pg_attribute as a on a.attrelid = i.indrelid and a.attnum = k.number
    where i.indrelid = ${table.oid} and i.indisprimary
    order by k.place`;
  const references = await sql<Reference[]>`
    select child.attname as column, format('%I.%I', n.nspname, r.relname) as table, parent.attname as key
    from pg_constraint as c
    join pg_class as r on r.oid = c.confrelid
    join pg_namespace as n on n.oid = r.relnamespace
    join pg_attribute as child on child.attrelid = c.conrelid and child.attnum = c.conkey[1]
    join pg_attribute as parent on parent.attrelid = c.confrelid and parent.attnum = c.confkey[1]
    where c.contype = 'f' and c.conrelid = ${table.oid} and cardinality(c.conkey) = 1 and c.confrelid <> c.conrelid
    order by c.conkey`;
  return {
    name: table.name,
    schema: table.schema,
    columns,
    primaryKey: key.map((column) => column.name),
    references: [...references],
  };
}

const NUMBERS = ["smallint", "integer", "bigint", "numeric", "real", "double precision"];

async function sampleColumn(sql: Sql, table: string, { name, type }: { name: string; type: string }) {
  // The name of the table was escaped by the server.
  const rows = sql`(select ${sql(name)} as value from ${sql.unsafe(table)} limit ${SAMPLE}) as sample`;
  const sample: Pick<TableColumn, "values" | "largest" | "keys"> = { values: [], largest: null, keys: [] };
  if (type === "json" || type === "jsonb") {
    const keys = await sql<{ key: string }[]>`
      select distinct key from ${rows} cross join lateral jsonb_object_keys(
        case jsonb_typeof(value::jsonb) when 'object' then value::jsonb else '{}' end) as key
      order by key limit 40`;
    return { ...sample, keys: keys.map(({ key }) => key) };
  }
  if (NUMBERS.includes(type)) {
    const [row] = await sql<[{ largest: number | null }]>`select max(value)::float8 as largest from ${rows}`;
    sample.largest = row.largest;
  }
  const values = await sql<{ value: string }[]>`
    select distinct value::text from ${rows} where value is not null order by 1 limit ${VOCABULARY + 1}`;
  const short = values.every(({ value }) => value.length <= LONGEST_VALUE);
  return { ...sample, values: values.length <= VOCABULARY && short ? values.map(({ value }) => value) : [] };
}

/** Whether a column holds numbers. */
export const isNumeric = ({ type }: TableColumn): boolean => NUMBERS.includes(type);
