import { readdir } from "node:fs/promises";
import { parse } from "node:path";
import { runMigrations as runWorkerMigrations } from "graphile-worker";
import { runner } from "node-pg-migrate";
import pg from "pg";
import { asUserError } from "./database-errors.ts";
import { UserError } from "./errors.ts";
import { type Logger, silentLogger } from "./log.ts";
import { loadMigrations, MIGRATION_FILE, migrationLog, workerLogger } from "./migration-runner.ts";
import { migrationsDir } from "./paths.ts";
import { createPool } from "./worker/pool.ts";

const SCHEMA = "metrics";
const TABLE = "migrations";
const WORKER_SCHEMA = "graphile_worker";

/** The comment on a schema graphile_worker that we made: an uninstall takes no other one away. */
export const WORKER_SCHEMA_MARK = "Installed by conversation-metrics.";

// Any number that no other program is likely to use: it makes one of two migrators wait.
const LOCK = 5_077_310_652_410;

/** What {@link migrate} needs. */
export type MigrateOptions = {
  databaseUrl: string;
  /** Rename an application's own conversation_metrics out of the way, instead of refusing. */
  replaceExisting?: boolean;
  /** false: leave conversations, leads and feedback alone, whatever they are; sources are attached then. */
  adopt?: boolean;
  /** false: count nothing yet, so that no writer waits; the command `backfill` does it then. */
  backfill?: boolean;
  /** Hears what the migrations tell a person: what an old table is called now. */
  onNotice?: (message: string) => void;
  log?: Logger;
  /** Another folder of migrations than the project's own. */
  dir?: string;
};

/**
 * Brings the database up to date and returns the names of the migrations that this call ran.
 * All or nothing: when one fails, the database is as it was. A second caller waits for the first.
 */
export async function migrate(options: MigrateOptions): Promise<string[]> {
  const log = options.log ?? silentLogger;
  const client = await openClient(options.databaseUrl);
  try {
    await client.query("select pg_advisory_lock($1)", [LOCK]);
    const workerWasThere = await schemaExists(client, WORKER_SCHEMA);
    try {
      await installWorker(options.databaseUrl, log);
      if (!workerWasThere) await client.query(`comment on schema ${WORKER_SCHEMA} is '${WORKER_SCHEMA_MARK}'`);
      client.on("notice", ({ code, message }) => {
        // Class 0 is what a migration raises itself; "already exists, skipping" and its like are noise.
        if (code?.startsWith("0")) options.onNotice?.(message ?? "");
      });
      return await runOwnMigrations(client, options, log);
    } catch (error) {
      if (!workerWasThere) await dropWorker(client);
      throw error;
    }
  } finally {
    await client.end(); // also gives the lock back
  }
}

async function installWorker(databaseUrl: string, log: Logger): Promise<void> {
  // A pool of ours: the runner's own would end the process where a connection is lost while it closes.
  const pgPool = createPool(databaseUrl, 1, log);
  try {
    await runWorkerMigrations({ pgPool, logger: workerLogger(log) });
  } catch (error) {
    throw asUserError(error);
  } finally {
    await pgPool.end();
  }
}

async function runOwnMigrations(client: pg.Client, options: MigrateOptions, log: Logger): Promise<string[]> {
  const messages = migrationLog(log);
  await client.query(
    `select set_config('conversation_metrics.replace_existing', $1, false),
      set_config('conversation_metrics.backfill', $2, false), set_config('conversation_metrics.adopt', $3, false),
      -- A database may set these otherwise; our texts mean what they mean by PostgreSQL's defaults.
      set_config('standard_conforming_strings', 'on', false), set_config('quote_all_identifiers', 'off', false)`,
    [
      options.replaceExisting ? "on" : "off",
      options.backfill === false ? "off" : "on",
      options.adopt === false ? "off" : "on",
    ],
  );
  // Begun here and not by the runner, so that a failure takes the schema and the list back too.
  await client.query("begin");
  try {
    await removeRemains(client);
    const done = await runner({
      dbClient: client,
      dir: options.dir ?? migrationsDir,
      direction: "up",
      migrationsSchema: SCHEMA,
      createMigrationsSchema: true,
      migrationsTable: TABLE,
      singleTransaction: true,
      noLock: true,
      ignorePattern: `(?!${MIGRATION_FILE.source}).*`,
      migrationLoaderStrategies: [{ extensions: [".ts", ".js"], loader: loadMigrations }],
      logger: messages.logger,
    });
    await client.query("commit");
    return done.map((migration) => migration.name);
  } catch (error) {
    await client.query("rollback");
    throw explain(error, messages.excerpt());
  }
}

// "drop schema public cascade", say, takes the metrics along and leaves the list that says all has run. What is left is
// derived from the source rows, but for what was set in it.
async function removeRemains(client: pg.Client): Promise<void> {
  if (await isDropped(client)) await client.query(`select ${SCHEMA}.uninstall()`);
}

async function isDropped(client: pg.Client): Promise<boolean> {
  const { rows: functions } = await client.query("select to_regprocedure($1) as name", [`${SCHEMA}.missing_objects()`]);
  if (functions[0].name === null) return false;
  const { rows } = await client.query(`select ${SCHEMA}.missing_objects() is not null as dropped`);
  return rows[0].dropped === true;
}

// With a HINT it is meant for the person who migrates; without one, for whoever wrote the migration.
function explain(error: unknown, excerpt: string | undefined): unknown {
  const known = asUserError(error);
  if (known instanceof UserError || !(error instanceof Error)) return known;
  return new Error([`Migration failed: ${error.message}`, excerpt].filter(Boolean).join("\n"), { cause: error });
}

/** One migration, and when it ran. */
export type AppliedMigration = { name: string; runOn: Date };

/** What the database has had, and what it still needs. */
export type MigrationStatus = { applied: AppliedMigration[]; pending: string[] };

/** Compares the database with the folder of migrations; changes nothing. */
export async function migrationStatus(options: { databaseUrl: string; dir?: string }): Promise<MigrationStatus> {
  const files = (await readdir(options.dir ?? migrationsDir)).filter((file) => MIGRATION_FILE.test(file));
  const client = await openClient(options.databaseUrl);
  try {
    const { rows: tables } = await client.query("select to_regclass($1) as name", [`${SCHEMA}.${TABLE}`]);
    const isThere = tables[0].name !== null && !(await isDropped(client));
    const applied = isThere ? await readApplied(client) : [];
    const names = new Set(applied.map((migration) => migration.name));
    const pending = files.map((file) => parse(file).name).filter((name) => !names.has(name));
    return { applied, pending: pending.toSorted() };
  } finally {
    await client.end();
  }
}

async function readApplied(client: pg.Client): Promise<AppliedMigration[]> {
  const { rows } = await client.query<{ name: string; run_on: Date }>(
    `select name, run_on at time zone current_setting('TimeZone') as run_on from ${SCHEMA}.${TABLE} order by id`,
  );
  return rows.map((row) => ({ name: row.name, runOn: row.run_on }));
}

// Quietly: what the drop takes along is no news to whoever reads the migrations' notices.
async function dropWorker(client: pg.Client): Promise<void> {
  await client.query("set client_min_messages = warning");
  await client.query(`drop schema if exists ${WORKER_SCHEMA} cascade`);
}

async function schemaExists(client: pg.Client, name: string): Promise<boolean> {
  const { rowCount } = await client.query("select from pg_namespace where nspname = $1", [name]);
  return rowCount === 1;
}

async function openClient(databaseUrl: string): Promise<pg.Client> {
  const client = new pg.Client({
    connectionString: databaseUrl,
    application_name: "conversation-metrics migrate",
  });
  try {
    await client.connect();
    return client;
  } catch (error) {
    throw asUserError(error);
  }
}
