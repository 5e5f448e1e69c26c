import type postgres from "postgres";
import type { Sql } from "../database.ts";

/** What a statement gave back, each value as the text that the server sent: exact, whatever its type. */
export type Result = {
  columns: { name: string; type: number }[];
  rows: (string | null)[][];
  /** The server's word for what it did: SELECT, INSERT … */
  command: string;
  /** Rows that it returned or changed. */
  count: number;
};

type RawList = postgres.RowList<Iterable<Buffer | null>[]>;

/** Runs one statement with parameters, or several without. */
export async function runStatements(sql: Sql, text: string, parameters: (string | null)[] = []): Promise<Result[]> {
  const found: unknown = await sql.unsafe(text, parameters).raw();
  return (isSeveral(found) ? found : [found]).filter(isRawList).map(toResult);
}

/** Runs one statement that returns rows. */
export async function queryRows(sql: Sql, text: string, parameters: (string | null)[] = []): Promise<Result> {
  const [result] = await runStatements(sql, text, parameters);
  return result ?? { columns: [], rows: [], command: "", count: 0 };
}

// postgres.js gives a list of lists for several statements; only a list of rows carries `command`.
function isSeveral(found: unknown): found is unknown[] {
  return Array.isArray(found) && !("command" in found);
}

function isRawList(found: unknown): found is RawList {
  return Array.isArray(found) && "command" in found;
}

function toResult(list: RawList): Result {
  return {
    columns: (list.columns ?? []).map(({ name, type }) => ({ name, type })),
    rows: list.map((row) => Array.from(row, (value) => (value === null ? null : value.toString()))),
    command: list.command ?? "",
    count: list.count ?? 0,
  };
}
