import type { Reader } from "./access.ts";
import type { Database, Mode, Queryable } from "./database.ts";
import { sql } from "./sql.ts";

/**
 * The database as a reader may see it. For one of an organization every transaction begins with taking the
 * role that the policies bind to it, where the database has one (`readers api`): a filter that is wrong, or
 * forgotten, finds nothing of another organization then.
 */
export function ownReads(db: Database, { organization }: Reader): Database {
  if (organization === undefined) return db;
  const begin = <T>(mode: Mode, work: (tx: Queryable) => Promise<T>) =>
    db.begin(mode, async (tx) => {
      await tx.query(sql`select metrics.confine(${organization})`);
      return work(tx);
    });
  return { begin, query: (statement) => begin("read only", (tx) => tx.query(statement)) };
}
