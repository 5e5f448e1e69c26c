import type { Database, Queryable } from "./database.ts";
import { asFilterProblem } from "./report-sql.ts";
import { type Fragment, identifier, listed, sql, trusted } from "./sql.ts";

const ROWS_AT_ONCE = 500;
const ALL_ROWS = 2_147_483_647;

/** Which columns, and in which order; without `sort` in that of their start. */
export type LinesOf = { columns: string[]; sort?: string | undefined; descending: boolean };

/**
 * Reads the conversations of a filter by a cursor, some JSON lines at a time, all of one snapshot, and has
 * them sent: `send` begins when the first are there, so that a wrong filter still can be answered.
 */
export async function readLines(
  db: Database,
  { columns, sort, descending }: LinesOf,
  filter: Fragment,
  send: (lines: AsyncIterable<string[]>) => Promise<void>,
): Promise<void> {
  try {
    await db.begin("read only", async (tx) => {
      await tx.query(sql`set local timezone = 'UTC'`);
      const list = listed(columns.map((name) => sql`m.${identifier(name)}`));
      // By the list's own function where it has the list's order, so that both are one.
      const rows =
        sort === undefined
          ? sql`select ${list} from public.report_sessions(${filter}) as m order by m.conversation_start, m.session_key`
          : sql`select ${list} from public.report_conversations(${filter}, sort => ${sort},
              descending => ${descending}, page_size => ${ALL_ROWS}) as m`;
      await tx.query(sql`declare lines no scroll cursor for select to_json(r)::text as line from (${rows}) as r`);
      await send(linesOf(await fetchSome(tx), tx));
    });
  } catch (error) {
    throw asFilterProblem(error);
  }
}

async function fetchSome(tx: Queryable): Promise<string[]> {
  const rows = await tx.query<{ line: string }>(sql`fetch ${trusted(String(ROWS_AT_ONCE))} from lines`);
  return rows.map(({ line }) => line);
}

async function* linesOf(first: string[], tx: Queryable): AsyncGenerator<string[]> {
  for (let some = first; some.length > 0; some = await fetchSome(tx)) yield some;
}
