import pg from "pg";
import type { Logger } from "../log.ts";

/** A process's connections, of the worker (graphile-worker's and its own) or of another part. */
export function createPool(databaseUrl: string, max: number, log: Logger, part = "worker"): pg.Pool {
  const pool = new pg.Pool({
    connectionString: databaseUrl,
    max,
    application_name: `conversation-metrics ${part}`,
    connectionTimeoutMillis: 10_000,
    keepAlive: true,
    // A write-back needs no more than this, and in a stricter level it would fail whenever others write.
    onConnect: (client) => client.query("set default_transaction_isolation = 'read committed'"),
  });
  // Without these a lost connection ends the process. Who was using it gets the error as well.
  const lost = (error: Error) => log.debug(`A connection was lost: ${error.message}`);
  pool.on("error", lost);
  pool.on("connect", (client) => client.on("error", lost));
  return pool;
}
