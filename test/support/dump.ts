import type { Sql } from "../../src/database.ts";
import { copyTextIn, copyTextOut } from "./copy.ts";

/** A table's rows, as pg_dump's COPY statements carry them. */
export type TableDump = { table: string; target: string; lines: string[] };

/** The tables that pg_dump would write, sources first. */
export const sources = ["public.conversations", "public.leads", "public.feedback"];

const ownTables = async (sql: Sql) => {
  const rows = await sql<{ name: string }[]>`
    select format('%I.%I', relnamespace::regnamespace, relname) as name from pg_class
    where relkind = 'r'
      and (relnamespace = 'metrics'::regnamespace or oid = 'public.conversation_metrics'::regclass)
      and relname <> 'migrations'
    order by relname`;
  return rows.map(({ name }) => name);
};

const dumpTable = async (sql: Sql, url: string, table: string): Promise<TableDump> => {
  const columns = await sql<{ name: string }[]>`
    select quote_ident(attname) as name from pg_attribute
    where attrelid = ${table}::regclass and attnum > 0 and not attisdropped and attgenerated = ''
    order by attnum`;
  const target = `${table} (${columns.map(({ name }) => name).join(", ")})`;
  return { table, target, lines: await copyTextOut(url, target) };
};

/** What pg_dump --data-only would carry of the sources and of our tables. */
export const dumpData = async (sql: Sql, url: string): Promise<TableDump[]> => {
  const dumps = [];
  for (const table of [...sources, ...(await ownTables(sql))]) dumps.push(await dumpTable(sql, url, table));
  return dumps;
};

/** What the restore of one table came to: nothing, or the error that psql and pg_restore report and go on from. */
type Restored = { table: string; error: string | undefined };

/**
 * Restores tables in the order given, each by the COPY that pg_dump writes, with what --disable-triggers puts around it.
 * As pg_restore does, it goes on after an error.
 */
export const restoreData = async (
  url: string,
  dumps: TableDump[],
  { disableTriggers }: { disableTriggers: boolean },
): Promise<Restored[]> => {
  const restored = [];
  for (const { table, target, lines } of dumps) {
    const [before, after] = disableTriggers
      ? [`alter table ${table} disable trigger all`, `alter table ${table} enable trigger all`]
      : ["", ""];
    // pg_dump empties the path, so that no name means another table
    const error = await copyTextIn(url, target, lines, `set search_path = ''; ${before}`, after).then(
      () => undefined,
      (reason: unknown) => String(reason),
    );
    restored.push({ table, error });
  }
  return restored;
};
