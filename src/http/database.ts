import type { ClientBase, Pool } from "pg";
import { errorCode } from "../errors.ts";
import { type Fragment, toStatement } from "./sql.ts";

/** Runs statements: a pool of connections, or a transaction on one of them. */
export type Queryable = { query: <Row extends object>(statement: Fragment) => Promise<Row[]> };

/** How a transaction begins. */
export type Mode = "read write" | "read only" | "isolation level repeatable read read only";

/**
 * The API's connections. By pg, as the worker's: a connection of postgres.js (3.4.9) that the server cuts in
 * the middle of a transaction ends the process, by an error that nobody can catch.
 */
export type Database = Queryable & {
  /** Runs a transaction; it is rolled back where `work` fails. */
  begin: <T>(mode: Mode, work: (tx: Queryable) => Promise<T>) => Promise<T>;
};

/** The database over a pool, which stays the caller's to end. */
export function createDatabase(pool: Pool): Database {
  return {
    query: (statement) => run(pool, statement),
    begin: async (mode, work) => {
      const client = await pool.connect().catch(rethrow);
      let broken: Error | undefined;
      try {
        await client.query(`begin ${mode}`).catch(rethrow);
        const result = await work({ query: (statement) => run(client, statement) });
        await client.query("commit").catch(rethrow);
        return result;
      } catch (error) {
        broken = await rollBack(client);
        throw error;
      } finally {
        client.release(broken);
      }
    },
  };
}

/** The error of a connection that cannot be used again. */
async function rollBack(client: ClientBase): Promise<Error | undefined> {
  try {
    await client.query("rollback");
    return undefined;
  } catch (error) {
    return error instanceof Error ? error : new Error("no rollback");
  }
}

async function run<Row extends object>(connection: Pool | ClientBase, statement: Fragment): Promise<Row[]> {
  const { rows } = await connection.query<Row>(toStatement(statement)).catch(rethrow);
  return rows;
}

// pg gives errors of the way to the server no code, and says them in words alone.
function rethrow(error: unknown): never {
  if (errorCode(error) !== undefined) throw error;
  throw Object.assign(new Error("The connection to the database was lost.", { cause: error }), {
    code: "CONNECTION_LOST",
  });
}
