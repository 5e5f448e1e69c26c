import { Readable, Stream, Writable } from "node:stream";
import type postgres from "postgres";
import type { Sql } from "../database.ts";
import { UserError } from "../errors.ts";
import { FAILED } from "./report-error.ts";

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
  if (found instanceof Stream) throw refuseStream(found);
  return (isSeveral(found) ? found : [found]).filter(isRawList).map(toResult);
}

// What COPY … FROM STDIN and COPY … TO STDOUT come as; left alone, either keeps the connection waiting.
function refuseStream(stream: Stream): UserError {
  const error = new UserError("COPY from stdin and to stdout is for psql.", {
    hint: "To export: a select with --csv. To import, and for the rest: psql.",
    exitCode: FAILED,
  });
  stream.on("error", () => {});
  if (stream instanceof Readable) stream.resume();
  else if (stream instanceof Writable) stream.destroy(error);
  return error;
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
