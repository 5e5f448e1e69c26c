import type { Queryable } from "./database.ts";
import { Problem } from "./problem.ts";
import { type Fragment, identifier, listed, type Parameter, sql } from "./sql.ts";

/** The application's tables that the API writes to. */
export type TableName = "conversations" | "leads" | "feedback";

/** The columns that a table has, with their types: tables that were there first may lack some. */
export type Columns = ReadonlyMap<string, string>;

/** Knows the columns of the application's tables, of those that the source named default counts as they stand. */
export type SourceTables = {
  /** The columns of a table; throws the problem to answer with where there is no such table. */
  columns: (table: TableName) => Promise<Columns>;
};

const KNOWN_FOR_MS = 30_000;

/** Reads the columns when they are asked for, and again after half a minute: a table may get more. */
export function createSourceTables(db: Queryable): SourceTables {
  const known = new Map<TableName, { until: number; columns: Promise<Columns> }>();
  return {
    columns: async (table) => {
      const entry = known.get(table);
      if (entry !== undefined && entry.until > performance.now()) return existing(table, await entry.columns);
      const columns = readCounted(db, `public.${table}`);
      known.set(table, { until: performance.now() + KNOWN_FOR_MS, columns });
      columns.catch(() => known.delete(table));
      return existing(table, await columns);
    },
  };
}

function existing(table: TableName, columns: Columns): Columns {
  if (columns.size > 0) return columns;
  throw new Problem(501, "no_table", `This database has no table public.${table} whose rows it counts.`);
}

// Where sources are attached alone, a table of this name is the application's, of whatever shape.
async function readCounted(db: Queryable, relation: string): Promise<Columns> {
  const [installed] = await db.query<{ found: boolean }>(
    sql`select to_regclass('metrics.sources') is not null as found`,
  );
  if (!installed?.found) return new Map();
  const [source] = await db.query(
    sql`select from metrics.sources where relation = to_regclass(${relation}) and not is_view`,
  );
  return source === undefined ? new Map() : readColumns(db, relation);
}

/** Names and types of a relation's columns, without those that are always computed. */
export async function readColumns(db: Queryable, relation: string): Promise<Columns> {
  const rows = await db.query<{ name: string; type: string }>(sql`
    select attname::text as name, format_type(atttypid, -1) as type
    from pg_attribute
    where attrelid = to_regclass(${relation}) and attnum > 0 and not attisdropped and attgenerated = ''`);
  return new Map(rows.map(({ name, type }) => [name, type]));
}

/** A value for a column: a parameter, or an SQL expression. */
export type Value = Fragment | Parameter;

/** The values whose columns the table has, as a list of names and a list of values to put into an INSERT. */
export function listFor(columns: Columns, values: Record<string, Value>) {
  const names = Object.keys(values).filter((name) => columns.has(name));
  return { names: listed(names.map(identifier)), values: listed(names.map((name) => sql`${values[name] ?? null}`)) };
}

/** Assignments of the values whose columns the table has, to put into an UPDATE. */
export function assignmentsFor(columns: Columns, values: Record<string, Value>): Fragment {
  const known = Object.entries(values).filter(([name]) => columns.has(name));
  return listed(known.map(([name, value]) => sql`${identifier(name)} = ${value}`));
}

/** The present time, `secondsAgo` back, as a column takes it: one without a zone is read as UTC. */
export function timeFor(columns: Columns, column: string, secondsAgo = 0): Fragment {
  const time = sql`(clock_timestamp() - make_interval(secs => ${secondsAgo}))`;
  return columns.get(column) === "timestamp without time zone" ? sql`${time} at time zone 'UTC'` : time;
}
