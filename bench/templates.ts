import type { Template } from "./databases.ts";
import { readBenchSql } from "./read-sql.ts";

const COLUMNS = "organization_id, session_id, widget_id, user_id, message, response, created_at, responded_at";

/** One INSERT of `rows` exchanges in `sessions` sessions. */
export function insertExchanges(rows: number, sessions: number): string {
  return `insert into public.conversations (${COLUMNS}) ${exchanges(rows, sessions)}`;
}

/** One INSERT of `rows` exchanges into the session of this name. */
export function insertSession(rows: number, session: string): string {
  const columns = COLUMNS.replace("session_id", `'${session}'`);
  return `insert into public.conversations (${COLUMNS}) select ${columns} from (${exchanges(rows, 1)}) as exchanges`;
}

/** The statement that takes the same rows by COPY. */
export const COPY_EXCHANGES = `copy public.conversations (${COLUMNS}) from stdin`;

/** The query of those rows. */
export function exchanges(rows: number, sessions: number): string {
  return readBenchSql("data/exchanges.sql").replaceAll("$1", String(rows)).replaceAll("$2", String(sessions));
}

/** Migrated, without rows. */
export const EMPTY: Template = { name: "empty", prepare: async () => {} };

/** Many sessions, counted. */
export function loaded(rows: number, sessions: number): Template {
  return { name: "loaded", prepare: (sql) => sql.unsafe(insertExchanges(rows, sessions)) };
}

/** The same kind of rows, not counted yet. */
export function uncounted(rows: number, sessions: number): Template {
  return {
    name: `uncounted_${rows}`,
    prepare: async (sql) => {
      await sql`alter table conversations disable trigger user`;
      await sql.unsafe(insertExchanges(rows, sessions));
      await sql`alter table conversations enable trigger user`;
    },
  };
}
