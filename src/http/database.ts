import type { ClientBase, Pool, PoolClient } from "pg";
import { z } from "zod";
import { errorCode } from "../errors.ts";
import { CommitLost, outcomeOf } from "./outcome.ts";
import { isAway, noPatience, type Patience } from "./patience.ts";
import { type Fragment, toStatement } from "./sql.ts";

/**
 * Runs statements: a pool of connections, or a transaction on one of them. One outside of a transaction may run
 * twice, where the connection is lost meanwhile: it must be one that reads, or does the same again.
 */
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

/**
 * The database over a pool, which stays the caller's to end. While it is away, what has not begun waits as long as
 * the patience lasts. What was under way fails: whoever can, does it {@link again}.
 */
export function createDatabase(pool: Pool, patience: Patience = noPatience): Database {
  return {
    query: (statement) => patience(() => run(pool, statement)),
    begin: async (mode, work) => {
      const { client, xid } = await patience(() => begin(pool, mode));
      try {
        return await finish(client, work);
      } catch (error) {
        if (!(error instanceof CommitLost)) throw error;
        throw xid === undefined ? error.cause : await outcomeOf(pool, patience, xid, error);
      }
    },
  };
}

const withXid = z.tuple([z.unknown(), z.object({ rows: z.tuple([z.object({ xid: z.string() })]) })]);

// With the transaction's number, by which to ask afterwards what became of it: in one message, which costs no time.
async function begin(pool: Pool, mode: Mode): Promise<{ client: PoolClient; xid: string | undefined }> {
  const client = await pool.connect().catch(rethrow);
  try {
    const writes = mode === "read write";
    const begun: unknown = await client
      .query(`begin ${mode}${writes ? "; select pg_current_xact_id()::text as xid" : ""}`)
      .catch(rethrow);
    return { client, xid: writes ? withXid.parse(begun)[1].rows[0].xid : undefined };
  } catch (error) {
    client.release(error instanceof Error ? error : true);
    throw error;
  }
}

async function finish<T>(client: PoolClient, work: (tx: Queryable) => Promise<T>): Promise<T> {
  let broken: Error | undefined;
  try {
    const result = await work({ query: (statement) => run(client, statement) });
    await commit(client);
    return result;
  } catch (error) {
    broken = await rollBack(client);
    throw error;
  } finally {
    client.release(broken);
  }
}

async function commit(client: ClientBase): Promise<void> {
  try {
    await client.query("commit").catch(rethrow);
  } catch (error) {
    throw isAway(error) ? new CommitLost("The connection was lost at the commit.", { cause: error }) : error;
  }
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
  if (error instanceof Error && /timeout/.test(error.message)) {
    throw Object.assign(new Error("No connection to the database was to be had.", { cause: error }), {
      code: "CONNECT_TIMEOUT",
    });
  }
  throw Object.assign(new Error("The connection to the database was lost.", { cause: error }), {
    code: "CONNECTION_LOST",
  });
}
