import type postgres from "postgres";
import type { Queryable, Sql } from "../database.ts";
import { asFilterProblem } from "./report-sql.ts";

const ROWS_AT_ONCE = 500;

type Fragment = postgres.PendingQuery<postgres.Row[]>;

/**
 * Reads the conversations of a filter by a cursor, some JSON lines at a time, all of one snapshot, and has
 * them sent: `send` begins when the first are there, so that a wrong filter still can be answered.
 */
export async function readLines(
  sql: Sql,
  columns: string[],
  filter: (tx: Queryable) => Fragment,
  send: (lines: AsyncIterable<string[]>) => Promise<void>,
): Promise<void> {
  try {
    await sql.begin("read only", async (tx) => {
      await tx`set local timezone = 'UTC'`;
      const list = columns.map((name) => tx`m.${tx(name)}`).reduce((all, name) => tx`${all}, ${name}`);
      const cursor = tx<{ line: string }[]>`
        select to_json(r)::text as line from (
          select ${list} from public.report_sessions(${filter(tx)}) as m order by m.conversation_start, m.session_key
        ) as r`.cursor(ROWS_AT_ONCE);
      const rows = cursor[Symbol.asyncIterator]();
      const first = await rows.next();
      await send(linesOf(first, rows));
    });
  } catch (error) {
    throw asFilterProblem(error);
  }
}

type Some = { line: string }[];

async function* linesOf(first: IteratorResult<Some>, rows: AsyncIterator<Some>): AsyncGenerator<string[]> {
  try {
    for (let some = first; some.done !== true; some = await rows.next()) yield some.value.map(({ line }) => line);
  } finally {
    await rows.return?.(); // Ends the cursor, also where the reader went away.
  }
}
